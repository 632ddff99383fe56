<?php

declare(strict_types=1);

use GuzzleHttp\Psr7\Request;
use Oscartoki\Http\Middleware;
use Oscartoki\MemoryReplayLog;
use Oscartoki\V1;
use PHPUnit\Framework\TestCase;
use Psr\Http\Message\ResponseInterface;

use function Oscartoki\V1\service;

/** OscarToki v1: captures of the originals, and the two steps through the layers. */
final class V1Test extends TestCase
{
    private const KEY = 'a key of v1';
    private const UNTIL = 4_000_000_000_000;

    private function wire(mixed ...$options): Wire
    {
        $usual = ['memory' => new MemoryReplayLog(1000), 'firstStart' => true];
        $service = service(['v1client' => self::KEY], [World::NAME], self::UNTIL, ...[...$usual, ...$options]);
        return new Wire(new Middleware($service, responses()), Wire::echo());
    }

    private static function get(Wire $wire, array $headers, string $method = 'GET', string $body = ''): ResponseInterface
    {
        return $wire->sendRequest(new Request($method, 'https://' . World::NAME . '/t', $headers, $body));
    }

    public function testTheTwoSteps(): void
    {
        $wire = $this->wire();
        $exchange = (new V1\Client(self::KEY))->begin();
        $first = self::get($wire, $exchange->headers());
        self::assertSame([200, 'success'], [$first->getStatusCode(), json_decode((string) $first->getBody(), true)['status']]);
        $exchange->acceptFirst((string) $first->getBody(), $first->getHeaderLine('oscartoki'));
        self::assertSame(['oscartoki', 'oscartokikey'], array_keys($exchange->headers()));
        $second = self::get($wire, $exchange->headers(), 'POST', 'body');
        self::assertSame('POST ' . bin2hex('v1client') . ' body', (string) $second->getBody());
        $exchange->acceptSecond($second->getHeaderLine('oscartoki'));
        self::assertSame('replayed', World::refusal(static fn () => $exchange->acceptSecond($second->getHeaderLine('oscartoki')))->errorName);
    }

    public function testTheKeylessBypassIsRefused(): void
    {
        $wire = $this->wire();
        $guess = self::get($wire, ['oscartoki' => (new V1\Key('a guess'))->mint()]);
        self::assertGreaterThanOrEqual(400, $guess->getStatusCode());
        self::assertFalse($guess->hasHeader('oscartoki'));
        self::assertSame('error', json_decode((string) $guess->getBody(), true)['status']);
        $honest = self::get($wire, (new V1\Client(self::KEY))->begin()->headers());
        $reflected = self::get($wire, ['oscartoki' => $honest->getHeaderLine('oscartoki')]);
        self::assertSame('reflected', json_decode((string) $reflected->getBody(), true)['message']);
        self::assertGreaterThanOrEqual(400, self::get($wire, ['oscartoki' => (new V1\Client('another key'))->begin()->headers()['oscartoki']])->getStatusCode());
    }

    public function testV1EndsWithV2(): void
    {
        $world = new World();
        $service = $world->service();
        $service->keyring()->addV1($world->key->kid(), self::KEY, self::UNTIL);
        $wire = new Wire(new Middleware($service, responses()), Wire::echo());
        self::assertSame(200, self::get($wire, (new V1\Client(self::KEY))->begin()->headers())->getStatusCode());
        (new Oscartoki\Client($world->secret, World::NAME))->psr18($wire)->sendRequest(new Request('GET', 'https://' . World::NAME . '/t'));
        $over = self::get($wire, (new V1\Client(self::KEY))->begin()->headers());
        self::assertSame('policy', json_decode((string) $over->getBody(), true)['message']);
    }

    public function testWithoutAV1KeyItIsMalformed(): void
    {
        $wire = new Wire(new Middleware((new World())->service(), responses()), Wire::echo());
        $answer = self::get($wire, (new V1\Client(self::KEY))->begin()->headers());
        self::assertSame([400, 'malformed'], [$answer->getStatusCode(), $answer->getHeaderLine('oscartoki-error')]);
    }

    public function testKeys(): void
    {
        $key = new V1\Key('k');
        $now = 1_795_300_000_000;
        $toki = $key->mint($now);
        self::assertEqualsWithDelta($now, $key->verify($toki, nowMs: $now), 100);
        $tokikey = $key->mintTokikey($toki, $now);
        $key->verifyTokikey($toki, $tokikey, nowMs: $now);
        foreach ([
            ['stale', static fn () => $key->verify($toki, nowMs: $now + 60_000)], ['bad_mac', static fn () => (new V1\Key('o'))->verify($toki, nowMs: $now)],
            ['malformed', static fn () => $key->verify('nonsense', nowMs: $now)], ['malformed', static fn () => $key->verifyTokikey($toki, 'x', nowMs: $now)],
            ['stale', static fn () => $key->verifyTokikey($toki, $tokikey, nowMs: $now + 3_000_000)], ['unsignable', static fn () => $key->mint(5)],
        ] as [$name, $call]) {
            self::assertSame($name, World::refusal($call)->errorName);
        }
    }

    public function testTokisOfTheOriginals(): void
    {
        $captured = json_decode((string) file_get_contents(dirname(__DIR__, 3) . '/core/vectors/captures/oscartoki-v1.json'), true);
        $checked = 0;
        foreach ($captured['cases'] as $case) {
            $now = $case['mint_ms'] ?? (int) ((float) ($case['mint_s'] ?? 0) * 1000);
            if (is_string($case['toki'] ?? null) && ($case['key'] ?? '') !== '' && $now > 0) {
                $key = new V1\Key($case['key']);
                self::assertEqualsWithDelta($now, $key->verify($case['toki'], nowMs: $now), 1000);
                self::assertSame('bad_mac', World::refusal(static fn () => (new V1\Key('another'))->verify($case['toki'], nowMs: $now))->errorName);
                $checked++;
            }
        }
        self::assertGreaterThanOrEqual(20, $checked);
    }
}
