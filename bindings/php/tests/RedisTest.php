<?php

declare(strict_types=1);

use Oscartoki\Client;
use Oscartoki\RedisReplayLog;
use PHPUnit\Framework\TestCase;

/** A memory that machines share, in a real redis-server. */
final class RedisTest extends TestCase
{
    private static string $socket;
    private static mixed $redis = null;

    public static function setUpBeforeClass(): void
    {
        $folder = World::folder();
        self::$socket = "$folder/redis.sock";
        $command = ['redis-server', '--port', '0', '--unixsocket', self::$socket, '--save', '', '--dir', $folder, '--maxmemory-policy', 'noeviction'];
        self::$redis = proc_open($command, [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'], ['file', '/dev/null', 'w']], $pipes);
        for ($tries = 0; !file_exists(self::$socket) && $tries < 1000; $tries++) {
            usleep(10_000);
        }
        self::assertFileExists(self::$socket, 'redis-server is missing: scripts/setup php installs it');
    }

    public static function tearDownAfterClass(): void
    {
        proc_terminate(self::$redis);
        proc_close(self::$redis);
    }

    private static function url(): string
    {
        return 'redis+unix://' . self::$socket;
    }

    public function testOneTokiHasOneWinner(): void
    {
        $world = new World();
        $services = [
            $world->service(memory: self::url()),
            $world->service(memory: self::url()),
            $world->service(memory: new RedisReplayLog(self::url(), World::NAME)),
        ];
        self::assertInstanceOf(RedisReplayLog::class, $services[0]->memory());
        self::assertSame(World::NAME, $services[0]->memory()->name());
        $client = new Client($world->secret, World::NAME, trustClock: true);
        for ($round = 0; $round < 30; $round++) {
            $toki = $client->sign('GET', World::NAME, '/x')->toki();
            $said = array_map(static fn ($service) => $service->verify('GET', World::NAME, '/x', $toki), $services);
            self::assertSame([true, false, false], array_map(static fn ($verdict) => $verdict->accepted(), $said));
            self::assertSame(['replayed', 'replayed'], [$said[1]->name(), $said[2]->name()]);
        }
        // Another name is another memory.
        $toki = $client->sign('GET', World::NAME, '/x')->toki();
        $other = $world->service(memory: new RedisReplayLog(self::url(), 'another', 1000));
        self::assertTrue($other->verify('GET', World::NAME, '/x', $toki)->accepted());
        self::assertTrue($services[0]->verify('GET', World::NAME, '/x', $toki)->accepted());
    }

    public function testWorkersOfAServerShareIt(): void
    {
        $world = new World();
        $page = Server::builtIn(['ffi.enable' => 'true'], ['OSCAR_KEY' => $world->key->toText(), 'OSCAR_MEMORY' => self::url()], 3);
        $client = new Client($world->secret, World::NAME, trustClock: true);
        for ($round = 0; $round < 5; $round++) {
            $signed = $client->sign('GET', World::NAME, '/x');
            $lines = ['Host: ' . World::NAME, 'oscartoki: ' . $signed->toki()];
            $said = array_column($page->send(array_fill(0, 12, ['GET', '/x', $lines])), 0);
            sort($said);
            self::assertSame([200, ...array_fill(0, 11, 409)], $said);
        }
        $page->stop();
    }

    public function testWhatIsNoRedis(): void
    {
        foreach (['redis://user:hush@127.0.0.1:1', 'http://x', 'rediss://h'] as $url) {
            $error = World::refusal(static fn () => new RedisReplayLog($url, World::NAME));
            self::assertSame('store', $error->errorName);
            self::assertStringNotContainsString('hush', (string) $error);
        }
    }
}
