<?php

declare(strict_types=1);

use Oscartoki\Client;
use Oscartoki\MemoryReplayLog;
use PHPUnit\Framework\TestCase;

final class CarriedTest extends TestCase
{
    private World $world;
    private Client $client;

    protected function setUp(): void
    {
        $this->world = new World();
        $this->client = new Client($this->world->secret, World::NAME);
    }

    public function testMessages(): void
    {
        $service = $this->world->service();
        $memory = (new MemoryReplayLog(1000))->forMessages(firstStart: true);
        $sent = $this->client->mintMessage('billing', 'invoice.created', '{}', ext: '');
        $got = $service->verifyMessage('billing', 'invoice.created', '{}', $sent->toki(), memory: $memory);
        self::assertSame([$this->world->key->kid(), 3600, 'fresh'], [$got->kid, $got->ttlS, $got->freshness]);
        self::assertSame('duplicate', $service->verifyMessage('billing', 'invoice.created', '{}', $sent->toki(), memory: $memory)->freshness);
        self::assertSame('unchecked', $service->verifyMessage('billing', 'invoice.created', '{}', $sent->toki())->freshness);
        self::assertSame($got->tsMs, $got->tsMs);
        $reply = $got->reply('done');
        self::assertSame('bad_mac', World::refusal(fn () => $this->client->mintMessage('billing', 'x')->acceptReply($reply, 'done'))->errorName);
        self::assertEqualsWithDelta(microtime(true) * 1000, $sent->acceptReply($reply, 'done'), 1000);
        self::assertSame('replayed', World::refusal(static fn () => $sent->acceptReply($reply, 'done'))->errorName);
        foreach ([
            ['bad_mac', ['other', 'invoice.created', '{}', $sent->toki()]], ['bad_mac', ['billing', 'other', '{}', $sent->toki()]],
            ['bad_mac', ['billing', 'invoice.created', '{"a":1}', $sent->toki()]], ['missing', ['billing', 'invoice.created', '{}', null]],
            ['malformed', ['billing', 'invoice.created', '{}', 'ot2.x']], ['malformed', [str_repeat('x', 70_000), 'invoice.created', '{}', $sent->toki()]],
        ] as [$name, $given]) {
            self::assertSame($name, World::refusal(static fn () => $service->verifyMessage(...$given))->errorName);
        }
        $late = (int) (microtime(true) * 1000) + 3_700_000;
        self::assertSame('expired', World::refusal(static fn () => $service->verifyMessage('billing', 'invoice.created', '{}', $sent->toki(), nowMs: $late))->errorName);
        self::assertSame('policy', World::refusal(static fn () => $service->verifyMessage('billing', 'invoice.created', '{}', $sent->toki(), maxTtlS: 60))->errorName);
        self::assertSame('unsignable', World::refusal(fn () => $this->client->mintMessage('billing', 'x', ttlS: 0))->errorName);
    }

    public function testUrls(): void
    {
        $service = $this->world->service();
        $target = $this->client->signUrl(World::NAME, '/files/a.pdf?v=2');
        $got = $service->verifyUrl('HEAD', World::NAME, $target);
        self::assertSame(['/files/a.pdf?v=2', $this->world->key->kid()], [$got->target, $got->kid]);
        foreach ([
            ['bad_mac', ['GET', World::NAME, str_replace('v=2', 'v=3', $target)]], ['bad_mac', ['DELETE', World::NAME, $target]],
            ['unknown_authority', ['GET', 'other.example.com', $target]], ['missing', ['GET', World::NAME, '/files/a.pdf']],
            ['malformed', ['GET', World::NAME, "$target&x=1"]],
        ] as [$name, $given]) {
            self::assertSame($name, World::refusal(static fn () => $service->verifyUrl(...$given))->errorName);
        }
        self::assertSame('malformed', World::refusal(static fn () => $service->verifyUrl('GET', World::NAME, $target, hasToki: true))->errorName);
        self::assertSame('expired', World::refusal(static fn () => $service->verifyUrl('GET', World::NAME, $target, nowMs: $got->expMs + 1))->errorName);
        $service->revokeKey($this->world->key->kid());
        self::assertSame('revoked', World::refusal(static fn () => $service->verifyUrl('GET', World::NAME, $target))->errorName);
        self::assertSame('unsignable', World::refusal(fn () => $this->client->signUrl(World::NAME, $target))->errorName);
    }

    public function testTickets(): void
    {
        $service = $this->world->service();
        $ticket = $this->client->mintTicket('user-42', 'https://app.example.com');
        self::assertSame('bad_mac', World::refusal(static fn () => $service->verifyTicket($ticket, 'https://evil.example.com'))->errorName);
        self::assertSame('bad_mac', World::refusal(static fn () => $service->verifyTicket($ticket))->errorName);
        $got = $service->verifyTicket($ticket, 'https://app.example.com', requireOrigin: true);
        self::assertSame(['user-42', true, $this->world->key->kid()], [$got->connection, $got->originBound, $got->kid]);
        self::assertSame('replayed', World::refusal(static fn () => $service->verifyTicket($ticket, 'https://app.example.com'))->errorName);
        self::assertSame('policy', World::refusal(fn () => $service->verifyTicket($this->client->mintTicket('u'), requireOrigin: true))->errorName);
        self::assertSame('missing', World::refusal(static fn () => $service->verifyTicket(null))->errorName);
        self::assertSame('unsignable', World::refusal(fn () => $this->client->mintTicket(''))->errorName);
        self::assertSame('unsignable', World::refusal(fn () => $this->client->mintTicket(str_repeat('x', 256)))->errorName);
    }
}
