<?php

declare(strict_types=1);

use Oscartoki\Client;
use Oscartoki\Errors\Malformed;
use Oscartoki\Errors\Unsignable;
use Oscartoki\Http\NetworkError;
use Oscartoki\Socktopus\Frame;
use Oscartoki\Socktopus\Hub;
use Oscartoki\Socktopus\Pings;
use Oscartoki\Socktopus\Refused;
use Oscartoki\Socktopus\Sent;
use Oscartoki\Socktopus\Token;
use PHPUnit\Framework\TestCase;

/** Tokens, frames and pings, and an app and its connections at the hub of `oscar serve`. */
final class SocktopusTest extends TestCase
{
    private const SECRET = 'a secret of the app';
    private static World $world;
    private static ?Server $server = null;

    public static function setUpBeforeClass(): void
    {
        self::$world = new World();
        $folder = World::folder();
        file_put_contents("$folder/keys", self::$world->key->toText() . "\n");
        self::$server = Server::oscar(['SHOP_SOCKTOPUS_SECRET' => self::SECRET], '--audience', World::NAME, '--key', "$folder/keys");
    }

    public static function tearDownAfterClass(): void
    {
        self::$server?->stop();
    }

    private static function hub(): Hub
    {
        return new Hub(self::$server->url, 'shop', self::SECRET);
    }

    /** The hub's own names are its address and the audience. */
    private static function ofClient(): Hub
    {
        $host = parse_url(self::$server->url, PHP_URL_HOST) . ':' . parse_url(self::$server->url, PHP_URL_PORT);
        self::assertStringEndsWith($host, self::$server->url);
        return new Hub(self::$server->url, client: new Client(self::$world->secret, World::NAME));
    }

    /** Joined: a PONG proves it. */
    private static function joined(string $address, string ...$headers): WebSocket
    {
        $socket = new WebSocket($address, ...$headers);
        self::assertSame(101, $socket->status);
        $pings = new Pings();
        self::assertSame('send', $pings->next()->kind);
        $socket->send(Frame::PING);
        self::assertSame('pong', Frame::parse($socket->hear())->kind);
        $pings->pong();
        self::assertSame('later', $pings->next()->kind);
        return $socket;
    }

    /** @return list<string> what a listener says within a while */
    private static function said(Oscartoki\Socktopus\Listener $listener, int $count): array
    {
        $said = [];
        while (count($said) < $count && ($message = $listener->next(10.0)) !== null) {
            $said[] = $message;
        }
        return $said;
    }

    private static function to(string $recipient, string $content): array
    {
        return ['recipient' => $recipient, 'content' => $content];
    }

    // ---- without a hub ----

    public function testTokens(): void
    {
        $now = 1_795_994_139_573;
        $token = Token::mint(self::SECRET, 'shop', 'room:42/ä', $now);
        $secrets = ['other' => 'another', 'shop' => self::SECRET];
        $found = Token::verify($secrets, $token, $now + 5_000);
        self::assertSame(['shop', 'room:42/ä', $now], [$found->app, $found->connection, $found->tsMs]);
        self::assertNotSame(Token::mint(self::SECRET, 'shop', 'a'), Token::mint(self::SECRET, 'shop', 'a'));
        self::assertLessThan(5_000, abs(Token::verify($secrets, Token::mint(self::SECRET, 'shop', 'a'))->tsMs - (int) (microtime(true) * 1000)));
        foreach ([
            ['stale', static fn () => Token::verify($secrets, $token, $now + 5_001)], ['stale', static fn () => Token::verify($secrets, $token, $now - 1_001)],
            ['stale', static fn () => Token::verify($secrets, $token)], ['malformed', static fn () => Token::verify($secrets, "$token ", $now)],
            ['unknown_key', static fn () => Token::verify(['other' => 'another'], $token, $now)], ['unknown_key', static fn () => Token::verify(['shop' => ''], $token, $now)],
            ['unknown_key', static fn () => Token::verify([], $token, $now)], ['bad_mac', static fn () => Token::verify(['shop' => 'another'], $token, $now)],
            ['weak_secret', static fn () => Token::mint('', 'shop', 'a')], ['unsignable', static fn () => Token::mint('s', 'shop', '')],
            ['unsignable', static fn () => Token::mint('s', '', 'a')], ['unsignable', static fn () => Token::mint('s', 'shop', 'a', 5)],
            ['unsignable', static fn () => Token::mint('s', 'shop', str_repeat('a', 256))],
        ] as [$name, $call]) {
            self::assertSame($name, World::refusal($call)->errorName);
        }
        for ($i = 0; $i < 3000; $i++) {
            $minted[Token::mint(self::SECRET, 'shop', 'b' . $i % 1500)] = true;
        }
        self::assertCount(3000, $minted);
    }

    public function testFrames(): void
    {
        foreach ([['DATA:', 'data', ''], ['DATA:a:b', 'data', 'a:b'], ["DATA:\0ä", 'data', "\0ä"], ['PONG', 'pong', null], ['CLOSE', 'close', null],
            ['pong', 'other', null], ['', 'other', null], ['DATA', 'other', null], ['PING', 'other', null]] as [$text, $kind, $content]) {
            self::assertSame([$kind, $content], [Frame::parse($text)->kind, Frame::parse($text)->content]);
        }
    }

    public function testPings(): void
    {
        $pings = new Pings(1_000);
        self::assertSame('send', $pings->next(1_000)->kind);
        self::assertSame(['later', 9_000], [$pings->next(1_000)->kind, $pings->next(1_000)->atMs]);
        $pings->pong();
        self::assertSame('later', $pings->next(8_999)->kind);
        self::assertSame('send', $pings->next(9_000)->kind);
        self::assertSame('send', $pings->next(17_000)->kind);
        self::assertSame('dead', $pings->next(29_000)->kind);
    }

    public function testBodies(): void
    {
        $hub = new Hub('https://hub.example.com/', 'shop', 's"ä');
        self::assertSame('{"secretName":"shop","secret":"s\"ä","messages":[{"recipient":"a","content":"/"}]}', $hub->sendBody([self::to('a', '/')]));
        self::assertSame('{"secretName":"shop","secret":"s\"ä","connections":["a","1"]}', $hub->kickBody(['a', 1]));
        self::assertMatchesRegularExpression('~^wss://hub\.example\.com/recieve\?token=[0-9a-f]+h73686f70h61h[0-9a-f]{64}$~', $hub->address('a'));
        self::assertStringStartsWith('https://hub.example.com/events?token=', $hub->eventsAddress('a'));
        $sent = Sent::parse('{"succeeded":[],"failed":[{"recipient":"a","content":"b"}]}');
        self::assertSame([[], [self::to('a', 'b')]], [$sent->succeeded, $sent->failed]);
        foreach (['', '{}', '{"succeeded":[],"failed":[1]}', '{"succeeded":[]}'] as $body) {
            self::assertInstanceOf(Malformed::class, World::refusal(static fn () => Sent::parse($body)));
        }
        self::assertInstanceOf(Unsignable::class, World::refusal(static fn () => $hub->sendBody([self::to('a', "\xff")])));
        self::assertStringNotContainsString('s"ä', print_r($hub, true) . var_export($hub, true));
        foreach ([['https://h'], ['https://h', 'shop'], ['wss://h', 'shop', 's'], ['https://h?x', 'shop', 's'], ['https://h', 'shop', 's', new Client(self::$world->secret, 'h')]] as $given) {
            try {
                new Hub(...$given);
                self::fail('it was taken');
            } catch (ValueError $error) {
                self::assertStringStartsWith('a hub is', $error->getMessage());
            }
        }
    }

    // ---- at the hub ----

    public function testJoinReceiveKicked(): void
    {
        $hub = self::hub();
        $address = $hub->address('alice');
        $socket = self::joined($address);
        self::assertSame(401, (new WebSocket($address))->status);
        $sent = $hub->send([self::to('alice', 'hällo'), self::to('nobody', 'x'), self::to('alice', str_repeat('a', 60_000))]);
        self::assertSame(['hällo', str_repeat('a', 60_000)], array_column($sent->succeeded, 'content'));
        self::assertSame([self::to('nobody', 'x')], $sent->failed);
        self::assertSame('hällo', Frame::parse($socket->hear())->content);
        self::assertSame(60_000, strlen(Frame::parse($socket->hear())->content));
        $early = $hub->address('alice');
        $hub->kick(['alice', 'nobody']);
        self::assertSame(['close', 'close 1000'], [Frame::parse($socket->hear())->kind, $socket->hear()]);
        self::assertSame(401, (new WebSocket($early))->status);
        self::assertSame([self::to('alice', 'x')], $hub->send([self::to('alice', 'x')])->failed);
    }

    public function testATicketAndSignedActs(): void
    {
        $hub = self::ofClient();
        $socket = self::joined($hub->address('bob'));
        $bound = $hub->address('carol', self::$server->url);
        self::assertSame(401, (new WebSocket($bound))->status);
        self::joined($hub->address('carol', self::$server->url), 'Origin: ' . self::$server->url);
        // The connections of a key are an app of their own.
        self::assertCount(1, self::hub()->send([self::to('bob', 'x')])->failed);
        self::assertCount(1, $hub->send([self::to('bob', 'signed')])->succeeded);
        self::assertSame('signed', Frame::parse($socket->hear())->content);
        $hub->kick(['bob']);
        self::assertSame(['CLOSE', 'close 1000'], [$socket->hear(), $socket->hear()]);
    }

    public function testListening(): void
    {
        foreach ([self::hub(), self::ofClient()] as $hub) {
            $listener = $hub->listen('dora');
            self::assertNull($listener->next(0.05));
            $texts = ['hällo', "two\nlines\n\nand more", '', str_repeat('a', 100_000)];
            $hub->send(array_map(static fn (string $text): array => self::to('dora', $text), $texts));
            self::assertSame($texts, self::said($listener, 4));
            $hub->send([self::to('dora', 'last')]);
            $hub->kick(['dora']);
            self::assertSame(['last'], iterator_to_array($listener));
            self::assertSame(1000, $listener->code());
            self::assertNull($listener->next());
            $left = $hub->listen('eve');
            $left->close();
            self::assertNull($left->code());
            unset($left);
            for ($tries = 0; $hub->send([self::to('eve', 'x')])->failed === []; $tries++) {
                self::assertLessThan(100, $tries);
                usleep(20_000);
            }
        }
    }

    public function testRefusals(): void
    {
        $stranger = new Hub(self::$server->url, 'shop', 'another');
        foreach ([
            static fn () => $stranger->send([]), static fn () => $stranger->kick(['a']), static fn () => $stranger->listen('a'),
            static fn () => (new Hub(self::$server->url, 'nobody', self::SECRET))->send([self::to('a', 'b')]),
        ] as $call) {
            try {
                $call();
                self::fail('it was let in');
            } catch (Refused $refused) {
                self::assertSame(401, $refused->status);
                self::assertStringStartsWith('401: ', $refused->getMessage());
            }
        }
        self::assertSame(401, (new WebSocket($stranger->address('a')))->status);
        $unknown = new Hub(self::$server->url, client: new Client(Oscartoki\Secret::generate(), World::NAME));
        self::assertSame(401, World::refusal(static fn () => $unknown->send([]))->status);
        foreach ([static fn () => (new Hub('http://127.0.0.1:1', 'shop', 's'))->send([]), static fn () => (new Hub('http://127.0.0.1:1', 'shop', 's'))->listen('a')] as $call) {
            try {
                $call();
                self::fail('nobody is there');
            } catch (NetworkError) {
            }
        }
    }
}
