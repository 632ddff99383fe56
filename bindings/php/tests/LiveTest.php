<?php

declare(strict_types=1);

use Oscartoki\Client;
use Oscartoki\Errors;
use Oscartoki\Http\Answer;
use Oscartoki\Http\NetworkError;
use Oscartoki\V1;
use PHPUnit\Framework\TestCase;

/** Over real sockets: FPM behind nginx with four workers, and PHP's built-in server. */
final class LiveTest extends TestCase
{
    private static World $world;
    private static string $folder;
    private static ?Server $fpm = null;
    private static ?Server $page = null;

    public static function setUpBeforeClass(): void
    {
        self::$world = new World();
        self::$folder = World::folder();
        $v1 = 'v1 until=2099-01-01T00:00:00Z dialect=any key=' . bin2hex('a key of v1') . ' kid=' . bin2hex('v1client');
        file_put_contents(self::$folder . '/keys', self::$world->key->toText() . "\n$v1\n");
        self::$fpm = Server::fpm('--key', self::$folder . '/keys', '--revocations', self::$folder . '/revocations', '--memory', self::$folder . '/memory', '--first-start', '--workers', '4');
        self::$page = Server::builtIn(
            ['ffi.enable' => 'true', 'display_errors' => '0', 'output_buffering' => '4096'],
            ['OSCAR_KEY' => self::$world->key->toText(), 'OSCAR_MEMORY' => self::$folder . '/page'],
            4,
        );
    }

    public static function tearDownAfterClass(): void
    {
        self::$page?->stop();
        self::$fpm?->stop();
    }

    private static function client(mixed ...$options): Client
    {
        return new Client(...['secret' => self::$world->secret, 'audience' => World::NAME, ...$options]);
    }

    private static function fpm(string $target = '/echo'): string
    {
        return self::$fpm->url . $target;
    }

    // ---- the curl helper against FPM ----

    public function testAPostIsProbedForThenRolledOntoASession(): void
    {
        $http = self::client()->curl();
        $answer = $http->post(self::fpm('/echo/a%2Fb?x=1&x=2'), 'body', ['Content-Type' => 'text/plain']);
        $told = json_decode($answer->body, true);
        self::assertSame(
            [bin2hex(self::$world->key->kid()), 'POST', '/echo/a%2Fb?x=1&x=2', hash('sha256', 'body')],
            [$told['client'], $told['method'], $told['target'], $told['body_sha256']],
        );
        self::assertSame([200, true, true, 2], [$answer->status, $answer->step->probed, $answer->step->inSession, $answer->step->requests]);
        self::assertSame('application/json', $answer->header('content-type'));
        self::assertNull($answer->header('x-none'));
        $answer = $http->get(self::fpm());
        self::assertSame([true, 1], [$answer->step->inSession, $answer->step->requests]);
        self::assertNotNull(json_decode($answer->body, true)['session']);
    }

    /** @dataProvider targets */
    public function testRawTargets(string $target): void
    {
        $answer = self::client()->curl()->get(self::fpm($target));
        self::assertSame($target, json_decode($answer->body, true)['target']);
    }

    public static function targets(): array
    {
        return array_map(static fn (string $target): array => [$target], [
            '/echo?', '/echo?x', '/echo/a%2fb', '/echo/a%2Fb', '/echo//b', '/echo/./b', '/echo/a/../b', '/echo/~a!$&\'()*+,;=:@', '/echo/%E2%82%AC?q=%20+',
            '/echo?a=?b', '/echo?a=/../b', '/echo/a|b"c', '/echo?' . str_repeat('x', 7000),
        ]);
    }

    /** @dataProvider methods */
    public function testMethods(string $method): void
    {
        $answer = self::client()->curl(trustClock: true)->request($method, self::fpm(), $method === 'QUERY' ? 'q' : null);
        self::assertSame($method, $method === 'HEAD' ? 'HEAD' : json_decode($answer->body, true)['method']);
    }

    public static function methods(): array
    {
        return array_map(static fn (string $method): array => [$method], ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'PROPFIND', 'X-OWN']);
    }

    public function testSixtyFourAtOnce(): void
    {
        $http = self::client()->curl();
        $http->get(self::fpm());
        $answers = $http->all(array_map(static fn (int $i): array => ['POST', self::fpm("/echo/$i"), "body $i"], range(0, 63)));
        foreach ($answers as $i => $answer) {
            self::assertInstanceOf(Answer::class, $answer);
            self::assertSame("/echo/$i", json_decode($answer->body, true)['target']);
            self::assertTrue($answer->step->inSession);
        }
    }

    public function testWhatGoesWrong(): void
    {
        $results = self::client()->curl()->all([
            'good' => ['GET', self::fpm()],
            'nowhere' => ['GET', 'http://127.0.0.1:1/x'],
            'unsafe nowhere' => ['POST', 'http://127.0.0.1:1/x', 'b'],
            'no URL' => ['GET', 'ftp://x/'],
            'a line break' => ['GET', self::fpm(), null, ['X' => "a\r\nb"]],
            'another name' => ['GET', self::fpm(), null, ['Host' => 'other.example.com']],
        ]);
        self::assertSame(200, $results['good']->status);
        self::assertSame([NetworkError::class, true], [$results['nowhere']::class, $results['nowhere']->mayHaveRun]);
        // It went no further than its probe.
        self::assertSame([NetworkError::class, false], [$results['unsafe nowhere']::class, $results['unsafe nowhere']->mayHaveRun]);
        self::assertSame([Errors\Unsignable::class, false], [$results['no URL']::class, $results['no URL']->mayHaveRun]);
        self::assertSame([Errors\Unsignable::class, false], [$results['a line break']::class, $results['a line break']->mayHaveRun]);
        self::assertSame([Errors\Missing::class, 400], [$results['another name']::class, $results['another name']->status]);
        $stranger = (new Client(Oscartoki\Secret::generate(), World::NAME))->curl();
        $error = World::refusal(static fn () => $stranger->get(self::fpm()));
        self::assertSame(['missing', 401, false], [$error->errorName, $error->status, $error->signed]);
        $error = World::refusal(static fn () => self::client(maxAnswer: 10)->curl()->get(self::fpm()));
        self::assertSame('policy', $error->errorName);
    }

    public function testAHandedOutSession(): void
    {
        $session = self::client()->handOut(60);
        $http = (new Client(session: $session))->curl();
        self::assertSame(bin2hex($session->sid()), json_decode($http->get(self::fpm())->body, true)['session']);
        self::assertSame(200, $http->post(self::fpm(), 'x')->status);
    }

    public function testAClockThatIsOff(): void
    {
        Oscartoki\Clock::$offMs = 3_600_000;
        try {
            $http = self::client()->curl();
            self::assertSame(200, $http->post(self::fpm(), 'x')->status);
            $safe = self::client()->curl()->get(self::fpm());
            self::assertSame([200, true], [$safe->status, $safe->step->resent]);
        } finally {
            Oscartoki\Clock::$offMs = 0;
        }
    }

    public function testGuzzleOverTheNetwork(): void
    {
        $http = new GuzzleHttp\Client(['handler' => self::client()->guzzle()]);
        $answer = $http->post(self::fpm('/echo/a/../b?x=1'), ['json' => ['a' => 1]]);
        self::assertSame('/echo/a/../b?x=1', json_decode((string) $answer->getBody(), true)['target']);
        $promises = array_map(static fn (int $i) => $http->getAsync(self::fpm("/echo/$i")), range(1, 32));
        self::assertCount(32, GuzzleHttp\Promise\Utils::unwrap($promises));
        $psr = self::client()->psr18(new GuzzleHttp\Client(['allow_redirects' => false]));
        self::assertSame(200, $psr->sendRequest(new GuzzleHttp\Psr7\Request('POST', self::fpm(), [], 'x'))->getStatusCode());
    }

    public function testOscarTokiV1(): void
    {
        $answer = (new V1\Client('a key of v1'))->request('POST', self::fpm(), 'body');
        self::assertSame(bin2hex('v1client'), json_decode($answer->body, true)['client']);
        self::assertNotNull(World::refusal(static fn () => (new V1\Client('another'))->request('GET', self::fpm())));
    }

    // ---- the service ----

    public function testOneWinnerAmongSixtyFour(): void
    {
        $authority = parse_url(self::$fpm->url, PHP_URL_HOST) . ':' . parse_url(self::$fpm->url, PHP_URL_PORT);
        $signed = self::client()->sign('POST', $authority, '/echo', 'captured', trustClock: true);
        $lines = ["oscartoki: {$signed->toki()}"];
        $answers = self::$fpm->send(array_fill(0, 64, ['POST', '/echo', $lines, 'captured']));
        $statuses = array_count_values(array_column($answers, 0));
        ksort($statuses);
        self::assertSame([200 => 1, 409 => 63], $statuses);
        foreach ($answers as [, $head]) {
            self::assertStringContainsStringIgnoringCase("\noscartoki: ot2.", $head);
        }
    }

    public function testRefusalsOverTheNetwork(): void
    {
        $authority = substr(self::$fpm->url, 7);
        $signed = self::client()->sign('GET', $authority, '/echo');
        $toki = "oscartoki: {$signed->toki()}";
        $long = str_repeat('x', (1 << 20) + 1);
        $large = 'oscartoki: ' . self::client()->sign('POST', $authority, '/echo', $long, trustClock: true)->toki();
        $cases = [
            [401, 'missing', ['GET', '/echo', []]], [401, 'bad_mac', ['GET', '/echo?', [$toki]]], [401, 'bad_mac', ['DELETE', '/echo', [$toki]]],
            [400, 'malformed', ['GET', '/echo', [$toki], 'body']], [400, 'malformed', ['GET', '/echo', [$toki, 'X-Method-Override: PUT']]],
            [400, 'malformed', ['GET', '/echo', ['oscartoki;']]], [400, 'malformed', ['GET', '/echo', ["$toki, {$signed->toki()}"]]],
            [400, 'unknown_authority', ['GET', '/echo', [$toki, 'Host: other.example.com']]], [413, 'policy', ['POST', '/echo', [$large], $long]],
        ];
        foreach (self::$fpm->send(array_column($cases, 2)) as $i => [$status, $head, $body]) {
            self::assertSame($cases[$i][0], $status, $head);
            self::assertStringContainsStringIgnoringCase("\noscartoki-error: {$cases[$i][1]}", $head);
            self::assertStringNotContainsStringIgnoringCase("\noscartoki: ", $head);
        }
        self::assertSame(200, self::$fpm->send([['GET', '/echo', [$toki]]])[0][0]);
    }

    public function testAMultipartFormIsSeenRaw(): void
    {
        $body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";
        $headers = ['Content-Type' => 'multipart/form-data; boundary=b'];
        $answer = self::client()->curl()->post(self::fpm(), $body, $headers);
        self::assertSame(hash('sha256', $body), json_decode($answer->body, true)['body_sha256']);
        // The built-in server runs as PHP is by default: the raw body is gone, which is said.
        $error = World::refusal(static fn () => self::client()->curl(trustClock: true)->post(self::$page->url . '/x', $body, $headers + ['Host' => World::NAME]));
        self::assertSame(['missing', 500], [$error->errorName, $error->status]);
        self::assertStringContainsString('enable_post_data_reading=0', self::$page->said());
    }

    public function testRevokedInEveryWorker(): void
    {
        $client = self::client();
        $http = $client->curl();
        $http->get(self::fpm());
        $session = json_decode($http->get(self::fpm())->body, true)['session'];
        file_put_contents(self::$folder . '/revocations', 'revoked ' . bin2hex(self::$world->key->kid()) . " $session\n", FILE_APPEND);
        // With the first call after two seconds.
        usleep(2_000_000);
        $results = $http->all(array_fill(0, 16, ['GET', self::fpm()]));
        foreach ($results as $result) {
            self::assertInstanceOf(Errors\Revoked::class, $result);
            self::assertSame([true, false, 403], [$result->signed, false, $result->status]);
        }
        self::assertSame(200, self::client()->curl()->get(self::fpm())->status);
    }

    public function testKeyFilesAreFollowedByWorkersThatKeepTheirService(): void
    {
        $keys = self::$folder . '/keys';
        $good = file_get_contents($keys);
        $http = self::client()->curl();
        $all = static fn (): array => array_count_values(array_map(
            static fn (Answer|Oscartoki\OscarError|NetworkError $answer): string => $answer instanceof Answer ? 'verified' : $answer::class,
            $http->all(array_fill(0, 16, ['GET', self::fpm()])),
        ));
        self::assertSame(['verified' => 16], $all());
        // A file that became wrong changes nothing.
        file_put_contents($keys, "nonsense\n");
        for ($i = 0; $i < 8; $i++) {
            usleep(200_000);
            self::assertSame(['verified' => 16], $all());
        }
        // Another client comes, within two seconds in every worker.
        $secret = Oscartoki\Secret::generate();
        file_put_contents($keys, $good . $secret->audienceKey(World::NAME)->toText() . "\n");
        for ($i = 0; $i < 10; $i++) {
            usleep(190_000);
            self::assertSame(['verified' => 16], $all());
        }
        $http = (new Client($secret, World::NAME))->curl();
        self::assertSame(['verified' => 16], $all());
    }

    // ---- pages without a framework ----

    private static function page(string $target): string
    {
        return self::$page->url . $target;
    }

    public function testPages(): void
    {
        $http = self::client()->curl();
        $host = ['Host' => World::NAME];
        self::assertSame('GET /a%2Fb? 0 ' . bin2hex(self::$world->key->kid()), $http->get(self::page('/a%2Fb?'), $host)->body);
        self::assertSame('POST /x 4 ' . bin2hex(self::$world->key->kid()), $http->post(self::page('/x'), 'body', $host)->body);
        self::assertSame([202, 'left'], [($left = $http->get(self::page('/exit'), $host))->status, $left->body]);
        self::assertSame([204, ''], [($empty = $http->get(self::page('/empty'), $host))->status, $empty->body]);
        self::assertSame([200, ''], [($head = $http->request('HEAD', self::page('/x'), null, $host))->status, $head->body]);
        $thrown = $http->get(self::page('/throw'), $host);
        self::assertSame([500, ''], [$thrown->status, $thrown->body]);
        self::assertStringContainsString('the page fails', self::$page->said());
        foreach (['/stream' => 'one two', '/cleaned' => 'past the buffer'] as $target => $body) {
            self::assertSame('policy', World::refusal(static fn () => $http->get(self::page($target), $host))->errorName);
            $streamed = self::client()->curl(stream: true)->get(self::page($target), $host);
            self::assertSame([$body, false], [$streamed->body, $streamed->step->outcome->contentAuthentic]);
        }
        $long = $http->post(self::page('/x'), str_repeat('x', 100_000), $host);
        self::assertStringContainsString(' 100000 ', $long->body);
        self::assertSame(413, World::refusal(static fn () => $http->post(self::page('/x'), str_repeat('x', (1 << 20) + 1), $host))->status);
    }

    public function testOneWinnerAmongTheWorkersOfTheBuiltInServer(): void
    {
        $signed = self::client()->sign('POST', World::NAME, '/x', 'captured', trustClock: true);
        $lines = ["oscartoki: {$signed->toki()}", 'Host: ' . World::NAME];
        $statuses = array_count_values(array_column(self::$page->send(array_fill(0, 64, ['POST', '/x', $lines, 'captured'])), 0));
        ksort($statuses);
        self::assertSame([200 => 1, 409 => 63], $statuses);
    }

    // ---- the example programs ----

    /** @return array{int, string, string} exit code, stdout, stderr */
    private static function example(string ...$arguments): array
    {
        $client = dirname(__DIR__, 3) . '/examples/php/client';
        $process = proc_open([$client, ...$arguments], [1 => ['pipe', 'w'], 2 => ['pipe', 'w']], $pipes);
        $said = array_map(stream_get_contents(...), $pipes);
        return [proc_close($process), ...$said];
    }

    public function testTheExampleClient(): void
    {
        $secret = self::$folder . '/secret';
        file_put_contents($secret, self::$world->secret->toText() . "\n");
        $base = ['--secret', $secret, '--audience', World::NAME];
        [$code, $out] = self::example(...$base, ...['-d', 'x', self::fpm()]);
        self::assertSame(0, $code);
        self::assertStringEndsWith("\nverified: status 200, code 0, requests 2, probed, in session\n", $out);
        [$code, $out] = self::example(...$base, ...['--parallel', '32', '--count', '2', '--verify-first', self::fpm()]);
        self::assertSame([0, 64], [$code, substr_count($out, 'verified: status 200, code 0')]);
        [$code, $out] = self::example(...$base, ...['--clock-off-ms', '3600000', self::fpm()]);
        self::assertSame([0, true], [$code, str_contains($out, 'requests 2, resent')]);
        [$code, , $err] = self::example(...$base, ...['-H', 'Host: other.example.com', self::fpm()]);
        self::assertSame([1, true], [$code, str_starts_with($err, 'error: missing: ') && str_contains($err, '(may have run: yes)')]);
        self::assertSame(4, self::example(...$base, ...['http://127.0.0.1:1/'])[0]);
        self::assertSame(3, self::example('--secret', self::$folder . '/absent', self::fpm())[0]);
        self::assertSame(2, self::example('--unknown', self::fpm())[0]);
        self::assertSame(2, self::example(...$base)[0]);
        file_put_contents(self::$folder . '/session', self::client()->handOut()->toText());
        self::assertSame(0, self::example('--secret', self::$folder . '/session', '-d', 'x', self::fpm())[0]);
    }

    public function testTheExampleServiceLeavesNothingBehind(): void
    {
        $service = Server::fpm('--key', self::$folder . '/keys', '--memory', self::$folder . '/memory', '--workers', '1');
        $service->kill();
        $end = microtime(true) + 5;
        do {
            usleep(50_000);
            $listens = @stream_socket_client(str_replace('http', 'tcp', $service->url), timeout: 1);
        } while ($listens !== false && microtime(true) < $end);
        self::assertFalse($listens);
    }

    public function testTheExampleServiceEndsWithZero(): void
    {
        $service = Server::fpm('--key', self::$folder . '/keys', '--memory', self::$folder . '/memory', '--workers', '1');
        self::assertSame(0, $service->stop());
        $this->expectExceptionMessage('wrong_kind');
        Server::fpm('--key', (static function (): string {
            file_put_contents(self::$folder . '/wrong', self::$world->secret->toText());
            return self::$folder . '/wrong';
        })(), '--memory', self::$folder . '/other');
    }
}
