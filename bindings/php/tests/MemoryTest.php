<?php

declare(strict_types=1);

use Oscartoki\Client;
use Oscartoki\MappedReplayLog;
use Oscartoki\MemoryReplayLog;
use Oscartoki\Keyring;
use Oscartoki\Socktopus;
use Oscartoki\Tcx;
use PHPUnit\Framework\TestCase;

/** Native memory and replay memory. */
final class MemoryTest extends TestCase
{
    private static function resident(): int
    {
        preg_match('/^VmRSS:\s+(\d+) kB/m', (string) file_get_contents('/proc/self/status'), $found);
        return 1024 * (int) $found[1];
    }

    public function testManyCallsLeaveNothingBehind(): void
    {
        $world = new World();
        $client = new Client($world->secret, World::NAME, trustClock: true);
        $service = $world->service(memory: new MemoryReplayLog(1000));
        $round = static function (int $times) use ($client, $service, $world): void {
            for ($i = 0; $i < $times; $i++) {
                // Answered, refused, given up, pending, dropped: each has something native.
                $signed = $client->sign('POST', World::NAME, '/x', "body $i");
                $verdict = $service->verify('POST', World::NAME, '/x', $signed->toki(), $signed->grant(), "body $i");
                [$toki, $grant] = $service->answer($verdict, 200, 'answer');
                $client->accept($signed, 200, 'answer', $toki, $grant);
                $service->verify('POST', World::NAME, '/x', $signed->toki(), $signed->grant(), 'forged');
                $digest = hash('sha256', "$i", true);
                $dropped = $client->sign('POST', World::NAME, '/x', digest: $digest);
                $service->verify('POST', World::NAME, '/x', $dropped->toki(), $dropped->grant(), digest: $digest);
                $client->call('GET', World::NAME, '/x')->next();
                $client->mintMessage('a', 'b');
                if ($i % 100 === 0) {
                    new Client($world->secret, World::NAME);
                    $world->service(memory: new MemoryReplayLog(100));
                    $client->exportState();
                }
            }
        };
        $round(3000);
        [$before, $php] = [self::resident(), memory_get_usage()];
        $round(20_000);
        self::assertLessThan(4 << 20, self::resident() - $before);
        self::assertLessThan(64 << 10, memory_get_usage() - $php);
    }

    public function testNeighboursLeaveNothingBehind(): void
    {
        $now = 1_795_994_139_573;
        $round = static function (int $times) use ($now): void {
            for ($i = 0; $i < $times; $i++) {
                $client = new Tcx\Client('id', 'secret', 'public', 'TWTC', 'param');
                $client->headers(['a' => 'b'], null, 'token');
                $client->received($client->access($now)->number, '{"status_code":"TCXSSS","data":{"token":"t","refresh":"r","expired_at":"2099-01-01 00:00:00"}}', $now);
                $client->access($now);
                Socktopus\Token::verify(['a' => 's'], Socktopus\Token::mint('s', 'a', "$i", $now), $now);
                World::refusal(static fn () => Socktopus\Token::verify(['a' => 'another'], Socktopus\Token::mint('s', 'a', "$i"), $now));
                (new Socktopus\Pings())->next();
                new Socktopus\Hub('https://h', 'a', 's');
            }
        };
        $round(3000);
        [$before, $php] = [self::resident(), memory_get_usage()];
        $round(10_000);
        self::assertLessThan(4 << 20, self::resident() - $before);
        self::assertLessThan(256 << 10, memory_get_usage() - $php);
    }

    public function testThingsEndInAnyOrder(): void
    {
        $world = new World();
        $client = new Client($world->secret, World::NAME);
        $service = $world->service();
        $signed = $client->sign('GET', World::NAME, '/x');
        $verdict = $service->verify('GET', World::NAME, '/x', $signed->toki());
        unset($service);
        self::assertTrue($verdict->accepted());
        self::assertSame($world->key->kid(), $verdict->kid());
        $call = $client->call('GET', World::NAME, '/x');
        unset($client);
        gc_collect_cycles();
        self::assertSame('send', $call->next()->kind);
        $other = new Client($world->secret, World::NAME);
        self::assertNotNull($other->accept($signed, 200)->error);
    }

    public function testALocalMemoryRefusesAfterAFork(): void
    {
        $world = new World();
        $service = $world->service();
        $toki = (new Client($world->secret, World::NAME, trustClock: true))->sign('POST', World::NAME, '/x')->toki();
        self::assertSame(['busy'], self::forked(1, static function () use ($service, $toki): string {
            $verdict = $service->verify('POST', World::NAME, '/x', $toki);
            return $verdict->accepted() ? 'accepted' : $verdict->name();
        }));
        self::assertTrue($service->verify('POST', World::NAME, '/x', $toki)->accepted());
    }

    public function testAMappedMemoryIsSharedByForkedProcesses(): void
    {
        $world = new World();
        $path = World::folder() . '/memory';
        $service = $world->service(memory: $path);
        $client = new Client($world->secret, World::NAME, trustClock: true);
        $tokis = array_map(static fn (): string => $client->sign('POST', World::NAME, '/x')->toki(), range(1, 50));
        // Half of them with the service that they were born with, half with one of their own.
        $accepted = self::forked(8, static function (int $child) use ($world, $service, $tokis, $path): string {
            $service = $child % 2 ? $service : $world->service(memory: $path, firstStart: false);
            $accepted = array_filter($tokis, static fn (string $toki): bool => $service->verify('POST', World::NAME, '/x', $toki)->accepted());
            return implode(' ', array_keys($accepted));
        });
        $winners = array_merge(...array_map(static fn (string $keys): array => $keys === '' ? [] : explode(' ', $keys), $accepted));
        self::assertCount(50, $winners);
        self::assertCount(50, array_unique($winners));
    }

    public function testNoncesDifferAfterAFork(): void
    {
        $world = new World();
        $client = new Client($world->secret, World::NAME, trustClock: true);
        $now = (int) (microtime(true) * 1000);
        $tokis = self::forked(4, static fn (): string => $client->sign('GET', World::NAME, '/x', nowMs: $now)->toki());
        self::assertCount(4, array_unique($tokis));
    }

    public function testTheDefaultIsAMappedFileOfThisUser(): void
    {
        $world = new World();
        $ring = new Keyring(World::NAME);
        $ring->add($world->key);
        $path = MappedReplayLog::defaultPath($ring);
        try {
            $service = $world->service(memory: null, firstStart: false);
            self::assertSame($path, $service->memory()->path());
            self::assertSame(0600, fileperms($path) & 0777);
            self::assertSame(0700, fileperms(dirname($path)) & 0777);
            // It begins empty: ready in 2F + 2 s, and until then all is stale.
            self::assertGreaterThan(microtime(true) * 1000, $service->readyAtMs());
            $toki = (new Client($world->secret, World::NAME))->sign('GET', World::NAME, '/x')->toki();
            self::assertSame('stale', $service->verify('GET', World::NAME, '/x', $toki)->name());
            self::assertGreaterThan(0, $service->floorMs());
            // The next one finds it.
            self::assertLessThanOrEqual(microtime(true) * 1000 + 6000, $world->service(memory: null, firstStart: false)->readyAtMs());
        } finally {
            array_map(unlink(...), glob("$path*"));
        }
    }

    public function testFilesAreFollowed(): void
    {
        $world = new World();
        $folder = World::folder();
        file_put_contents("$folder/keys", "# nobody yet\n");
        $service = $world->service(keys: [], keysFile: "$folder/keys", revocationsFile: "$folder/revocations", memory: "$folder/memory");
        $toki = fn (): string => (new Client($world->secret, World::NAME, trustClock: true))->sign('GET', World::NAME, '/x')->toki();
        $says = static function () use ($service, $toki): string {
            $verdict = $service->verify('GET', World::NAME, '/x', $toki());
            return $verdict->accepted() ? 'accepted' : $verdict->name();
        };
        self::assertSame('unknown_key', $says());
        file_put_contents("$folder/keys", $world->key->toText() . "\n");
        self::assertSame('accepted', self::within(2.0, $says, 'accepted'));
        // A wrong file leaves what was good in force.
        $log = ini_set('error_log', "$folder/log");
        file_put_contents("$folder/keys", "nonsense\n");
        usleep(1_200_000);
        self::assertSame('accepted', $says());
        ini_set('error_log', (string) $log);
        self::assertStringContainsString('keys', (string) file_get_contents("$folder/log"));
        // What another process revokes.
        $other = $world->service(keys: [], keysFile: ["$folder/keys.2"] + (file_put_contents("$folder/keys.2", $world->key->toText()) ? [] : []), revocationsFile: "$folder/revocations", memory: "$folder/memory");
        $other->revokeKey($world->key->kid());
        self::assertStringContainsString(bin2hex($world->key->kid()), file_get_contents("$folder/revocations"));
        self::assertSame('revoked', self::within(2.0, $says, 'revoked'));
        self::assertSame('store', World::refusal(fn () => $world->service(keysFile: "$folder/absent"))->errorName);
        self::assertSame('wrong_kind', World::refusal(function () use ($world, $folder): void {
            file_put_contents("$folder/secret", $world->secret->toText());
            $world->service(keysFile: "$folder/secret");
        })->errorName);
    }

    private static function within(float $seconds, callable $says, string $wanted): string
    {
        $end = microtime(true) + $seconds;
        while (($said = $says()) !== $wanted && microtime(true) < $end) {
            usleep(50_000);
        }
        return $said;
    }

    /**
     * What each of several children says.
     *
     * @param callable(int): string $work
     * @return list<string>
     */
    private static function forked(int $children, callable $work): array
    {
        $pipes = [];
        for ($child = 0; $child < $children; $child++) {
            [$ours, $theirs] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
            if (pcntl_fork() === 0) {
                fwrite($theirs, $work($child));
                fclose($theirs);
                posix_kill(posix_getpid(), SIGKILL);
            }
            fclose($theirs);
            $pipes[] = $ours;
        }
        $said = array_map(stream_get_contents(...), $pipes);
        array_map(static fn () => pcntl_wait($status), $pipes);
        return $said;
    }
}
