<?php

declare(strict_types=1);

use Oscartoki\AudienceKey;
use Oscartoki\Client;
use Oscartoki\Errors;
use Oscartoki\Hazmat;
use Oscartoki\Keyring;
use Oscartoki\OscarError;
use Oscartoki\Secret;
use Oscartoki\Session;
use Oscartoki\V1;
use PHPUnit\Framework\TestCase;

use function Oscartoki\normaliseAuthority;
use function Oscartoki\secretFrom;

final class KeysTest extends TestCase
{
    public function testSecretOfSection9(): void
    {
        $secret = Secret::fromBytes(implode('', array_map(chr(...), range(0, 31))));
        $key = $secret->audienceKey('api.example.com');
        self::assertSame('1f0e6552cdeefa20', bin2hex($secret->kid()));
        self::assertSame($secret->kid(), $key->kid());
        self::assertSame('1e844ec9faad5b1898a4f77ff1204015d3329b63df4187b64f2b335f94d7c86e', bin2hex(Hazmat::expose($key)));
        self::assertSame($key->toText(), (new AudienceKey($key->toText()))->toText());
        self::assertNotSame($secret->kid(), $secret->kid(1));
        self::assertSame('12345678', $key->withKid('12345678')->kid());
    }

    public static function refused(): array
    {
        $secret = Secret::generate();
        $key = $secret->audienceKey('a');
        return [
            'no prefix' => [Errors\Malformed::class, static fn () => new Secret('x')],
            'white space' => [Errors\Malformed::class, static fn () => new Secret($secret->toText() . "\n")],
            'a zero byte' => [Errors\Malformed::class, static fn () => new Secret($secret->toText() . "\0")],
            'no UTF-8' => [Errors\Malformed::class, static fn () => new Secret("os2.\xff")],
            'an audience key for a secret' => [Errors\WrongKind::class, static fn () => new Secret($key->toText())],
            'a secret for an audience key' => [Errors\WrongKind::class, static fn () => new AudienceKey($secret->toText())],
            'a secret for a session' => [Errors\WrongKind::class, static fn () => new Session($secret->toText())],
            'a secret in a service' => [Errors\WrongKind::class, static fn () => (new Keyring('a'))->add($secret->toText())],
            '31 bytes' => [Errors\WeakSecret::class, static fn () => Secret::fromBytes(str_repeat('ab', 15) . 'c')],
            'equal bytes' => [Errors\WeakSecret::class, static fn () => Secret::fromBytes(str_repeat('a', 32))],
            'an audience with a space' => [Errors\Unsignable::class, static fn () => $secret->audienceKey('a b')],
            'an empty audience' => [Errors\Unsignable::class, static fn () => $secret->audienceKey('')],
            'a generation below 0' => [Errors\Unsignable::class, static fn () => $secret->kid(-1)],
            'a generation of 33 bits' => [Errors\Unsignable::class, static fn () => $secret->audienceKey('a', 1 << 32)],
            'a ring without audience' => [Errors\Malformed::class, static fn () => new Keyring('')],
            'an authority with a path' => [Errors\Malformed::class, static fn () => normaliseAuthority('a/b')],
            'an empty key of v1' => [Errors\WeakSecret::class, static fn () => new V1\Key('')],
            'another key under a kid' => [Errors\KidTaken::class, static function () use ($key): void {
                $ring = new Keyring('a');
                $ring->add($key);
                $ring->add(Secret::generate()->audienceKey('a')->withKid($key->kid()));
            }],
            'a kid of 7 bytes' => [ValueError::class, static fn () => $key->withKid('1234567')],
            'a dialect that is none' => [ValueError::class, static fn () => (new V1\Key('k'))->verify('t', 'perl')],
        ];
    }

    /** @dataProvider refused */
    public function testRefused(string $class, callable $call): void
    {
        $this->expectException($class);
        $call();
    }

    public function testErrorsSayTheirNames(): void
    {
        $error = World::refusal(static fn () => new Secret('x'));
        self::assertSame('malformed', $error->errorName);
        self::assertStringStartsWith('malformed: ', $error->getMessage());
        self::assertNull($error->mayHaveRun);
        foreach (get_declared_classes() as $class) {
            if (is_subclass_of($class, OscarError::class) && $class !== Errors\DoorError::class) {
                self::assertGreaterThan(0, Oscartoki\Native::ffi()->oscar_status_from_name($class::NAME), $class);
                self::assertSame($class::NAME, (new $class('x'))->errorName);
            }
        }
        for ($status = 1; $status < 22; $status++) {
            self::assertNotInstanceOf(Errors\DoorError::class, Oscartoki\Native::error($status));
        }
        self::assertSame('bad_handle', Oscartoki\Native::error(65)->errorName);
    }

    public function testNothingPrintsAKey(): void
    {
        $world = new World();
        $session = (new Client($world->secret, World::NAME))->handOut();
        $held = [
            $world->secret, $world->key, $session, new Client($world->secret, World::NAME), $world->service(), new Client(session: $session),
            new V1\Key('a key of v1'), new V1\Client('a key of v1'), (new Client($world->secret, World::NAME))->curl(),
        ];
        ob_start();
        foreach ($held as $object) {
            var_dump($object);
            print_r($object);
            var_export($object);
            var_dump((array) $object);
            echo json_encode($object);
        }
        $told = ob_get_clean();
        foreach ([$world->secret->toText(), $world->key->toText(), $session->toText(), Hazmat::expose($world->key), 'a key of v1'] as $text) {
            self::assertStringNotContainsString($text, $told);
        }
        self::assertStringContainsString(bin2hex($world->key->kid()), $told);
    }

    /** @dataProvider unserializable */
    public function testNothingIsSerializedOrCloned(object $held): void
    {
        foreach ([serialize(...), static fn (object $held): object => clone $held] as $copy) {
            try {
                $copy($held);
                self::fail('a copy was made');
            } catch (LogicException | Error $error) {
                self::assertNotInstanceOf(PHPUnit\Framework\AssertionFailedError::class, $error);
            }
        }
    }

    public static function unserializable(): array
    {
        $world = new World();
        return [[$world->secret], [$world->key], [(new Client($world->secret, 'a'))->handOut()], [new Client($world->secret, 'a')], [new V1\Key('k')]];
    }

    public function testTracesHoldNoKey(): void
    {
        $text = substr(Secret::generate()->toText(), 0, -1) . '!';
        foreach ([static fn () => new Secret($text), static fn () => new Client($text, 'a'), static fn () => (new Keyring('a'))->load($text)] as $call) {
            $error = World::refusal($call);
            if (PHP_VERSION_ID >= 80200) {
                self::assertStringNotContainsString($text, print_r(array_column($error->getTrace(), 'args'), true));
            }
            self::assertStringNotContainsString($text, $error->getMessage());
        }
    }

    public function testARing(): void
    {
        $world = new World();
        $ring = new Keyring(World::NAME);
        self::assertSame([], $ring->kids());
        $ring->load("# a comment\n\n{$world->key->toText()}\n");
        self::assertSame([$world->key->kid()], $ring->kids());
        self::assertTrue($ring->holds($world->key->kid()));
        self::assertFalse($ring->holds('12345678'));
        self::assertStringContainsString('line 2', (string) $ring->faultInKeys("{$world->key->toText()}\nnonsense"));
        self::assertNull($ring->faultInKeys($world->key->toText()));
        // At once, or not at all.
        World::refusal(static fn () => $ring->load('nonsense'));
        self::assertCount(1, $ring->kids());
        self::assertFalse($ring->hasV1());
        $ring->addV1('v1client', 'a key of v1', 4_000_000_000_000);
        self::assertTrue($ring->hasV1());
        $hex = bin2hex($world->key->kid());
        self::assertSame("revoked $hex", trim($ring->revokeKey($world->key->kid())));
        self::assertSame("revoked $hex before 7", trim($ring->revokeIssuedBefore($world->key->kid(), 7)));
        self::assertStringContainsString("revoked $hex", $ring->revocationsText());
        self::assertSame('malformed', World::refusal(static fn () => $ring->revokeIssuedBefore('12345678', -1))->errorName);
        self::assertSame('malformed', World::refusal(static fn () => $ring->loadRevocations('revoked nobody'))->errorName);
    }

    public function testAKeyFile(): void
    {
        $file = World::folder() . '/key';
        file_put_contents($file, "# mine\n\nos2.text\n");
        self::assertSame('os2.text', secretFrom($file));
        file_put_contents($file, "one\ntwo\n");
        foreach ([$file, "$file.absent"] as $bad) {
            try {
                secretFrom($bad);
                self::fail('a text was found');
            } catch (RuntimeException $error) {
                self::assertStringContainsString($bad, $error->getMessage());
            }
        }
    }
}
