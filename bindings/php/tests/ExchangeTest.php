<?php

declare(strict_types=1);

use Oscartoki\Client;
use Oscartoki\Errors;
use Oscartoki\Hazmat;
use Oscartoki\MemoryReplayLog;
use Oscartoki\NoReplayLog;
use Oscartoki\Outcome;
use Oscartoki\PendingBody;
use Oscartoki\Refusal;
use Oscartoki\Secret;
use Oscartoki\Service;
use Oscartoki\SignedRequest;
use Oscartoki\VerifiedRequest;
use PHPUnit\Framework\TestCase;

use function Oscartoki\explain;

final class ExchangeTest extends TestCase
{
    private World $world;
    private Client $client;
    private Service $service;

    protected function setUp(): void
    {
        $this->world = new World();
        $this->client = new Client($this->world->secret, World::NAME);
        $this->service = $this->world->service();
    }

    private function verify(SignedRequest $signed, string $method = 'GET', string $target = '/x', ?string $body = null): Oscartoki\Verdict
    {
        return $this->service->verify($method, World::NAME, $target, $signed->toki(), $signed->grant(), $body);
    }

    /** A whole exchange; what the client says. */
    private function exchange(string $method = 'GET', string $target = '/x', int $status = 200, ?string $body = null): Outcome
    {
        $signed = $this->client->sign($method, World::NAME, $target);
        $verdict = $this->verify($signed, $method, $target);
        [$toki, $grant] = $this->service->answer($verdict, $status, $body);
        return $this->client->accept($signed, $status, $body, $toki, $grant);
    }

    public function testTheFirstExchangeRollsOntoASession(): void
    {
        $first = $this->exchange(body: 'hello');
        self::assertNull($first->error);
        self::assertSame([0, 200, true, true, true], [$first->code, $first->status, $first->signed, $first->mayHaveRun, $first->contentAuthentic]);
        self::assertSame(8, strlen($first->adoptedSid));
        $signed = $this->client->sign('GET', World::NAME, '/y');
        self::assertTrue($signed->inSession());
        self::assertSame(['oscartoki', 'oscartokikey'], array_keys($signed->headers()));
        $verdict = $this->verify($signed, target: '/y');
        self::assertInstanceOf(VerifiedRequest::class, $verdict);
        self::assertTrue($verdict->accepted());
        self::assertSame($first->adoptedSid, $verdict->sid());
        self::assertSame([$this->world->key->kid(), World::NAME, 2, false], [$verdict->kid(), $verdict->authority(), $verdict->version(), $verdict->want()]);
        self::assertEqualsWithDelta(microtime(true) * 1000, $verdict->tsMs(), 1000);
        self::assertSame(8, strlen($verdict->nonce()));
        $verdict->throwForRefusal();
        self::assertSame(1, $this->service->counters()['accepted'] - 1);
    }

    public function testAnUnsafeRequestIsProbedFor(): void
    {
        $probe = $this->client->sign('POST', World::NAME, '/x', 'body');
        self::assertTrue($probe->isProbe());
        $verdict = $this->verify($probe, 'HEAD');
        self::assertInstanceOf(Refusal::class, $verdict);
        self::assertSame(['stale', 1, 204, true, false], [$verdict->name(), $verdict->code(), $verdict->status(), $verdict->signed(), $verdict->wwwAuthenticate()]);
        [$toki, $grant] = $this->service->answer($verdict, 204);
        $outcome = $this->client->accept($probe, 204, toki: $toki, grant: $grant);
        self::assertTrue($outcome->isProbe);
        self::assertNull($outcome->error);
        self::assertIsInt($this->client->offsetMs());
        $signed = $this->client->sign('POST', World::NAME, '/x', 'body');
        self::assertFalse($signed->isProbe());
        self::assertTrue($this->verify($signed, 'POST', body: 'body')->accepted());
        self::assertTrue($this->client->sign('POST', World::NAME, '/x', verifyFirst: true)->isProbe());
        self::assertFalse((new Client($this->world->secret, World::NAME))->sign('POST', World::NAME, '/x', trustClock: true)->isProbe());
    }

    public static function altered(): array
    {
        return [
            'method' => ['bad_mac', ['method' => 'HEAD']], 'target' => ['bad_mac', ['target' => '/X']], 'query' => ['bad_mac', ['target' => '/x?']],
            'body' => ['bad_mac', ['body' => 'other']], 'ext' => ['malformed', ['ext' => 'x']], 'lower case' => ['malformed', ['method' => 'get']],
            'another host' => ['unknown_authority', ['authority' => 'other.example.com']], 'a host that is none' => ['malformed', ['authority' => 'a/b']],
            'no toki' => ['missing', ['toki' => null]], 'an empty toki' => ['malformed', ['toki' => '']], 'padding' => ['malformed', ['toki' => 'ot2.AAAA=']],
            'a zero byte' => ['malformed', ['toki' => "ot2.\0"]], 'a grant beside a root toki' => ['malformed', ['grant' => 'ok2.x']],
            'a huge field' => ['malformed', ['target' => '/' . str_repeat('x', 70_000)]], 'a huge toki' => ['malformed', ['toki' => str_repeat('x', 70_000)]],
            'no UTF-8' => ['malformed', ['target' => "/\xff"]], 'later' => ['stale', ['nowMs' => 60_000]], 'earlier' => ['stale', ['nowMs' => -60_000]],
        ];
    }

    /** @dataProvider altered */
    public function testAlteredRequestsAreRefused(string $name, array $altered): void
    {
        $signed = $this->client->sign('GET', World::NAME, '/x', 'body');
        if (isset($altered['nowMs'])) {
            $altered['nowMs'] += (int) (microtime(true) * 1000);
        }
        $request = ['method' => 'GET', 'authority' => World::NAME, 'target' => '/x', 'toki' => $signed->toki(), 'grant' => null, 'body' => 'body'];
        $verdict = $this->service->verify(...[...$request, ...$altered]);
        self::assertInstanceOf(Refusal::class, $verdict);
        self::assertFalse($verdict->accepted());
        self::assertSame($name, $verdict->name());
        self::assertSame($name, World::refusal($verdict->throwForRefusal(...))->errorName);
        self::assertSame($verdict->status(), $verdict->error()->status);
        if ($name !== 'stale') {
            self::assertFalse($verdict->signed());
            self::assertNull($verdict->code());
            self::assertTrue($this->service->verify(...$request)->accepted());
        }
    }

    public function testAReplayIsRefusedAndItsAnswerSaysSo(): void
    {
        $signed = $this->client->sign('GET', World::NAME, '/x');
        self::assertTrue($this->verify($signed)->accepted());
        $again = $this->verify($signed);
        self::assertSame(['replayed', 2, 409], [$again->name(), $again->code(), $again->status()]);
        [$toki] = $this->service->answer($again, 409);
        $outcome = $this->client->accept($signed, 409, toki: $toki);
        self::assertSame(['replayed', true, true, true], [$outcome->name, $outcome->resend, $outcome->mayHaveRun, $outcome->signed]);
        $error = World::refusal($outcome->throwForRefusal(...));
        self::assertInstanceOf(Errors\Replayed::class, $error);
        self::assertSame([409, true, true], [$error->status, $error->signed, $error->mayHaveRun]);
    }

    public static function forged(): array
    {
        return [
            'none' => ['missing', ['toki' => null]], 'empty' => ['malformed', ['toki' => '']], 'another status' => ['bad_mac', ['status' => 201]],
            'another body' => ['bad_mac', ['body' => 'forged']], 'no body' => ['malformed', ['body' => null]], 'no grant' => ['malformed', ['grant' => null]],
            'a bit' => ['bad_mac', ['toki' => 'flip']], 'ext' => ['malformed', ['ext' => 'x']], 'a huge toki' => ['malformed', ['toki' => str_repeat('x', 70_000)]],
            'a status that is none' => ['malformed', ['status' => 70_000]],
        ];
    }

    /** @dataProvider forged */
    public function testForgedAnswersAreRefused(string $name, array $forged): void
    {
        $signed = $this->client->sign('GET', World::NAME, '/x');
        [$toki, $grant] = $this->service->answer($this->verify($signed), 200, 'body');
        if (($forged['toki'] ?? null) === 'flip') {
            $forged['toki'] = substr($toki, 0, 30) . ($toki[30] === 'A' ? 'B' : 'A') . substr($toki, 31);
        }
        $answer = ['status' => 200, 'body' => 'body', 'toki' => $toki, 'grant' => $grant];
        $outcome = $this->client->accept($signed, ...[...$answer, ...$forged]);
        self::assertSame([$name, false, true, false], [$outcome->name, $outcome->signed, $outcome->mayHaveRun, $outcome->resend]);
        // Neither clock nor keys have moved, and the context is used up.
        self::assertNull($this->client->offsetMs());
        self::assertSame('replayed', $this->client->accept($signed, ...$answer)->name);
    }

    public function testAContextIsUsedOnce(): void
    {
        $signed = $this->client->sign('GET', World::NAME, '/x');
        $verdict = $this->verify($signed);
        [$toki, $grant] = $this->service->answer($verdict, 200);
        self::assertSame('replayed', World::refusal(fn () => $this->service->answer($verdict, 200))->errorName);
        self::assertNull($this->client->accept($signed, 200, toki: $toki, grant: $grant)->error);
        self::assertSame('replayed', $this->client->accept($signed, 200, toki: $toki, grant: $grant)->name);
        $other = $this->client->sign('GET', World::NAME, '/x');
        self::assertSame(['missing', null], [$this->client->giveUp($other)->name, $this->client->giveUp($other)->status]);
        self::assertSame('policy', $this->client->giveUp($this->client->sign('GET', World::NAME, '/x'), 200)->name);
        self::assertSame('unsignable', World::refusal(fn () => $this->service->answer($this->verify($this->client->sign('GET', World::NAME, '/x')), 100))->errorName);
    }

    public function testABodyThatContentDigestNames(): void
    {
        $digest = hash('sha256', 'body', true);
        $pending = function () use ($digest): PendingBody {
            $signed = $this->client->sign('PUT', World::NAME, '/x', digest: $digest, trustClock: true);
            $verdict = $this->service->verify('PUT', World::NAME, '/x', $signed->toki(), digest: $digest);
            self::assertInstanceOf(PendingBody::class, $verdict);
            self::assertFalse($verdict->accepted());
            return $verdict;
        };
        self::assertTrue($pending()->finish('body')->accepted());
        self::assertTrue($pending()->finish(digest: $digest)->accepted());
        $other = $pending()->finish('other');
        self::assertSame(['body_mismatch', 5, 400], [$other->name(), $other->code(), $other->status()]);
        self::assertSame('body_mismatch', $pending()->finish()->name());
        $large = $pending()->tooLarge();
        self::assertSame(['policy', 6, 413], [$large->name(), $large->code(), $large->status()]);
        $used = $pending();
        $used->finish('body');
        self::assertSame('replayed', $used->finish('body')->name());
    }

    public function testUnsignableRequests(): void
    {
        $cases = [
            ['get', World::NAME, '/x'], ['CONNECT', World::NAME, '/x'], ['GET', 'a b', '/x'], ['GET', '::1', '/x'], ['GET', World::NAME, 'x'],
            ['GET', World::NAME, '/x#y'], ['GET', World::NAME, "/\u{e9}"], ['GET', World::NAME, '/' . str_repeat('x', 70_000)], ['', '', ''],
        ];
        foreach ($cases as $case) {
            $error = World::refusal(fn () => $this->client->sign(...$case));
            self::assertSame(['unsignable', false], [$error->errorName, $error->mayHaveRun], json_encode(array_map(strlen(...), $case)));
        }
        // Repeatable without an idempotency-key in ext.
        self::assertSame('unsignable', World::refusal(fn () => $this->client->sign('POST', World::NAME, '/x', repeatable: true))->errorName);
        $step = $this->client->call('get', World::NAME, '/x')->next();
        self::assertSame(['failed', 'unsignable', false, 0], [$step->kind, $step->outcome->name, $step->outcome->mayHaveRun, $step->requests]);
    }

    public function testCoveredHeaders(): void
    {
        $client = new Client($this->world->secret, World::NAME, ext: ['idempotency-key', 'content-type']);
        $service = $this->world->service(ext: ['idempotency-key', 'content-type'], answerExt: ['etag']);
        $ext = $client->requestExt(['Idempotency-Key' => 'k1', 'X' => 'y']);
        self::assertSame("\0\x0fidempotency-key\0\x02k1\0\x0ccontent-type\0\0", $ext);
        $signed = $client->sign('POST', World::NAME, '/x', ext: $ext, repeatable: true, trustClock: true);
        $head = static fn (string $key): array => [['Host', World::NAME], ['oscartoki', $signed->toki()], ['idempotency-key', $key]];
        self::assertSame('bad_mac', $service->verifyHead('POST', '/x', $head('k2'))->name());
        self::assertTrue($service->verifyHead('POST', '/x', $head('k1'))->accepted());
        self::assertTrue($client->dropsFromProbe('Content-Length'));
        self::assertFalse($client->dropsFromProbe('content-type'));
        self::assertFalse($client->dropsFromProbe('Authorization'));
    }

    public function testHeadsAreJudgedRaw(): void
    {
        $signed = $this->client->sign('GET', World::NAME, '/x');
        $good = [['Host', World::NAME], ['Oscartoki', $signed->toki()]];
        $bad = [
            'twice' => [...$good, ['oscartoki', $signed->toki()]], 'two hosts' => [...$good, ['host', World::NAME]], 'no host' => [$good[1]],
            'an override' => [...$good, ['X-HTTP-Method-Override', 'DELETE']], 'joined' => [$good[0], ['oscartoki', $signed->toki() . ', ' . $signed->toki()]],
            'a huge header' => [...$good, ['x', str_repeat('x', 70_000)]],
        ];
        foreach ($bad as $what => $headers) {
            $verdict = $this->service->verifyHead('GET', '/x', $headers);
            self::assertSame(['malformed', 400, false], [$verdict->name(), $verdict->status(), $verdict->signed()], $what);
        }
        self::assertSame('malformed', $this->service->verifyHead('GET', '/x', ['Host' => [World::NAME], 'oscartoki' => [$signed->toki(), $signed->toki()]])->name());
        self::assertSame('missing', $this->service->verifyHead('GET', '/x', ['Host' => World::NAME])->name());
        self::assertSame('malformed', $this->service->verifyHead('GET', 'http://api.example.com/x', $good)->name());
        $verdict = $this->service->verifyHead('GET', '/x', $good);
        self::assertTrue($verdict->accepted());
        [$toki, $grant] = $this->service->answerHead($verdict, 200, ['Content-Type' => 'text/plain'], 'b');
        self::assertNull($this->client->acceptHead($signed, 200, ['oscartoki' => $toki, 'oscartokikey' => $grant], 'b')->error);
        self::assertFalse($this->service->wantsBody('POST', '/x', [...$good, ['Content-Digest', 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:']]));
        self::assertTrue($this->service->wantsBody('POST', '/x', $good));
    }

    public function testRevoked(): void
    {
        $sid = $this->exchange()->adoptedSid;
        $this->service->revokeSession($this->world->key->kid(), $sid);
        $verdict = $this->verify($this->client->sign('GET', World::NAME, '/x'));
        self::assertSame(['revoked', 4, 403], [$verdict->name(), $verdict->code(), $verdict->status()]);
        $other = new Client($this->world->secret, World::NAME);
        self::assertTrue($this->verify($other->sign('GET', World::NAME, '/x'))->accepted());
        $this->service->revokeKey($this->world->key->kid());
        self::assertSame('revoked', $this->verify($other->sign('GET', World::NAME, '/x'))->name());
    }

    public function testADelegate(): void
    {
        $session = $this->client->handOut(60);
        $delegate = new Client(session: $session->toText());
        $signed = $delegate->sign('GET', World::NAME, '/x');
        self::assertTrue($signed->inSession());
        $verdict = $this->verify($signed);
        self::assertSame([$session->sid(), false], [$verdict->sid(), $verdict->want()]);
        self::assertSame('unsignable', World::refusal(static fn () => $delegate->handOut())->errorName);
        self::assertSame('unsignable', World::refusal(fn () => $this->client->handOut(601))->errorName);
        // Long after, with a clock that it has learnt: over.
        [$toki] = $this->service->answer($verdict, 200);
        self::assertNull($delegate->accept($signed, 200, toki: $toki)->error);
        $late = (int) (microtime(true) * 1000) + 120_000;
        self::assertSame('grant_expired', World::refusal(static fn () => $delegate->sign('GET', World::NAME, '/x', nowMs: $late, monoMs: intdiv(hrtime(true), 1_000_000) + 120_000))->errorName);
    }

    public function testStateGoesToAnotherProcess(): void
    {
        $this->exchange();
        $state = $this->client->exportState();
        $next = new Client($this->world->secret, World::NAME);
        $next->importState($state);
        self::assertTrue($next->sign('GET', World::NAME, '/x')->inSession());
        self::assertStringNotContainsString('os2.', $state);
        self::assertSame('malformed', World::refusal(static fn () => $next->importState('nonsense'))->errorName);
    }

    public function testAudiences(): void
    {
        $client = new Client($this->world->secret);
        $key = $this->world->secret->audienceKey('b.example.com');
        $b = new Service($key, 'b.example.com', memory: new MemoryReplayLog(100), firstStart: true);
        $signed = $client->sign('GET', 'B.example.com:443', '/x');
        self::assertTrue($b->verify('GET', 'b.example.com', '/x', $signed->toki())->accepted());
        self::assertSame('bad_mac', $this->service->verify('GET', World::NAME, '/x', $signed->toki())->name());
        self::assertSame($key->kid(), $client->forAudience('b.example.com')->kid());
        self::assertSame('unsignable', World::refusal(static fn () => $client->forAudience('a b'))->errorName);
        $fixed = $this->world->service(authorities: [], audience: World::NAME, fixedAuthority: World::NAME);
        $signed = $this->client->sign('GET', World::NAME, '/x');
        self::assertSame(World::NAME, $fixed->verify('GET', 'whatever', '/x', $signed->toki())->authority());
    }

    public function testConstructorsRefuse(): void
    {
        $secret = $this->world->secret;
        foreach ([
            static fn () => new Client(), static fn () => new Client($secret, audienceKey: $secret->audienceKey('a')), static fn () => new Client($secret, roll: 'never'),
            static fn () => new Client($secret, answers: 'some'), static fn () => new Client($secret, 'a', kid: 'short'),
        ] as $call) {
            try {
                $call();
                self::fail('a client was made');
            } catch (ValueError) {
            }
        }
        self::assertSame('policy', World::refusal(fn () => $this->world->service(windowMs: 31_000))->errorName);
        self::assertSame('policy', World::refusal(fn () => $this->world->service(maxTtlS: -1))->errorName);
        self::assertSame('malformed', World::refusal(fn () => $this->world->service(authorities: ['a/b'], audience: 'a'))->errorName);
        self::assertSame('malformed', World::refusal(fn () => $this->world->service(authorities: ["a\0b"], audience: 'a'))->errorName);
        self::assertSame('malformed', World::refusal(static fn () => new Service())->errorName);
        self::assertSame('store', World::refusal(fn () => $this->world->service(memory: '/nowhere/at/all'))->errorName);
        self::assertSame('busy', $this->world->service(memory: new NoReplayLog())->verify('POST', World::NAME, '/x', $this->client->sign('POST', World::NAME, '/x', trustClock: true)->toki())->name());
    }

    public function testUnsignedAnswersByConfiguration(): void
    {
        $client = new Client($this->world->secret, World::NAME, answers: 'none');
        $outcome = $client->accept($client->sign('GET', World::NAME, '/x'), 200, 'b');
        self::assertNull($outcome->error);
        self::assertFalse($outcome->contentAuthentic);
        self::assertSame('policy', World::refusal(static fn () => $client->sign('POST', World::NAME, '/x'))->errorName);
    }

    public function testExplain(): void
    {
        $signed = $this->client->sign('GET', World::NAME, '/a/b?a=1');
        $said = explain(['this service' => $this->world->key], 'GET', World::NAME, '/a%2Fb?a=1', $signed->toki());
        self::assertIsString($said);
        self::assertNull(explain(['this service' => $this->world->key], 'GET', World::NAME, '/a/b?a=1', $signed->toki()));
        self::assertStringStartsWith('malformed', (string) explain(['k' => $this->world->key], 'GET', World::NAME, '/x', 'nonsense'));
        self::assertNull(explain([], 'GET', World::NAME, '/x', $signed->toki()));
    }

    public function testStructsAreOfTheLibrarysSize(): void
    {
        $ffi = Oscartoki\Native::ffi();
        self::assertSame(108, FFI::sizeof($ffi->new('oscar_signed')));
        self::assertSame(Oscartoki\Verdict::BYTES, FFI::sizeof($ffi->new('oscar_verdict')));
    }
}
