<?php

declare(strict_types=1);

use Oscartoki\Http\NetworkError;
use Oscartoki\Tcx\Client;
use Oscartoki\Tcx\Pass;
use Oscartoki\Tcx\Refused;
use PHPUnit\Framework\TestCase;

use function Oscartoki\Tcx\datetime;
use function Oscartoki\Tcx\headers;
use function Oscartoki\Tcx\verdict;

/** TCX: passes, headers and verdicts, and a client's session against `oscar serve --tcx-store`. */
final class TcxTest extends TestCase
{
    private const PUBLIC = 'unE5EQgPKH7RaPpWQX7chcGcxlG7fUHB';
    private static string $folder;
    private static ?Server $server = null;
    /** @var array<string, array<string, string>> by mode */
    private static array $apps;

    public static function setUpBeforeClass(): void
    {
        self::$folder = World::folder();
        foreach (['none', 'time', 'param'] as $mode) {
            $app = self::tool('app', 'add', "an app of $mode", '--mode', $mode);
            self::$apps[$mode] = $app + ['master_key' => self::tool('master-key', $app['app_id'])['master_key']];
        }
        self::$server = Server::oscar([], '--tcx-store', self::$folder . '/tcx.db');
    }

    public static function tearDownAfterClass(): void
    {
        self::$server?->stop();
    }

    /** `oscar tcx …` */
    private static function tool(string ...$arguments): array
    {
        $words = [Server::tool(), '--json', 'tcx', ...$arguments, '--store', self::$folder . '/tcx.db'];
        exec(implode(' ', array_map(escapeshellarg(...), $words)) . ' 2>&1', $said, $code);
        self::assertSame(0, $code, implode("\n", $said));
        return json_decode(implode('', $said), true, 512, JSON_THROW_ON_ERROR);
    }

    private static function client(string $name, string $type, mixed ...$options): Client
    {
        $app = self::$apps[$name];
        return new Client(...['appId' => $app['app_id'], 'appSecret' => $app['app_secret'], 'appPublic' => $app['app_public'], 'tokenType' => $type,
            'mode' => $name, 'masterKey' => $type === 'FTC' ? $app['master_key'] : null, ...$options]);
    }

    private static function call(string $target, array $headers): array
    {
        $lines = array_map(static fn (string $name, string $value): string => "$name: $value", array_keys($headers), $headers);
        [[$status, , $body]] = self::$server->send([['GET', $target, $lines]]);
        self::assertSame(200, $status);
        return json_decode($body, true);
    }

    // ---- without an authority ----

    public function testPasses(): void
    {
        $now = 1_795_328_800_000;
        foreach (['documented', 'server4'] as $dialect) {
            foreach (['none', 'time', 'param'] as $mode) {
                $pass = new Pass(self::PUBLIC, $mode, ['b' => '1', 'a' => 'ä', '7' => '8'], datetime($now));
                $found = $pass->verify($pass->mint('token-1', $dialect), nowMs: $now + 300_000);
                self::assertSame(['token-1', $mode === 'time'], [$found->clientToken, $found->tsMs !== null]);
                self::assertSame($mode === 'none' ? 'documented' : $dialect, $mode === 'time' ? $dialect : $found->dialect);
            }
        }
        $time = new Pass(self::PUBLIC, 'time', datetime: datetime($now));
        $param = new Pass(self::PUBLIC, 'param', ['a' => 'b&c']);
        self::assertSame('t', $param->verify($param->mint('t'), strict: false)->clientToken);
        foreach ([
            ['stale', static fn () => $time->verify($time->mint('t'), nowMs: $now + 301_000)], ['policy', static fn () => $param->verify($param->mint('t'))],
            ['bad_mac', static fn () => (new Pass('another'))->verify((new Pass(self::PUBLIC))->mint('t'))],
            ['bad_mac', static fn () => (new Pass(self::PUBLIC, 'param'))->verify($param->mint('t'))],
            ['malformed', static fn () => $param->verify('nonsense')], ['malformed', static fn () => (new Pass(self::PUBLIC, 'time'))->verify($time->mint('t'))],
            ['unsignable', static fn () => $param->mint('Capital')], ['unsignable', static fn () => $param->mint('a:b')], ['unsignable', static fn () => $param->mint('')],
            ['unsignable', static fn () => (new Pass(self::PUBLIC, 'time'))->mint('t')], ['unsignable', static fn () => new Pass(self::PUBLIC, 'param', ['a' => ['b']])],
            ['unsignable', static fn () => new Pass(self::PUBLIC, 'param', ['a' => str_repeat('b', 70_000)])],
        ] as [$name, $call]) {
            self::assertSame($name, World::refusal($call)->errorName);
        }
        self::assertStringNotContainsString(self::PUBLIC, print_r($param, true));
        $this->expectException(ValueError::class);
        new Pass(self::PUBLIC, 'odd');
    }

    public function testHeadersAndVerdicts(): void
    {
        self::assertSame(['X-TCX-TYPE' => 'TWTC', 'X-TCX-APP-ID' => 'a', 'X-TCX-APP-PASS' => 'p', 'X-TCX-TOKEN' => base64_encode('t')], headers('TWTC', 'a', 'p', 't'));
        self::assertSame(['X-TCX-TYPE', 'X-TCX-APP-ID', 'X-TCX-APP-PASS'], array_keys(headers('OWTC', 'a', 'p', 'dropped')));
        foreach ([['TWTC', 'a', 'p', null], ['FTC', 'a', 'p', ''], ['OWTC', "a\n", 'p'], ['odd', 'a', 'p', 't']] as $given) {
            self::assertSame('unsignable', World::refusal(static fn () => headers(...$given))->errorName);
        }
        self::assertSame('{"status":0,"status_number":"505003","status_code":"TCXPFX","status_message":"TCX Pass did not match"}', json_encode(verdict('TCXPFX')));
        self::assertSame('50FF003', verdict('TCXPFX', 'server4')->statusNumber);
        self::assertSame(1, verdict('TCXSSS', route: 'authorize')->status);
        foreach ([['TCXPFX', 'documented', 'authorize'], ['TCXSSS'], ['nonsense']] as $given) {
            self::assertSame('malformed', World::refusal(static fn () => verdict(...$given))->errorName);
        }
    }

    public function testAClientSaysWhatItIs(): void
    {
        $client = new Client('id', 'a secret', 'a public', 'twtc', 'time', 'server4', 'a master', true);
        self::assertSame(
            ['id', 'a secret', 'a public', 'TWTC', 'a master', true],
            [$client->appId(), $client->appSecret(), $client->appPublic(), $client->tokenType(), $client->masterKey(), $client->isDebug()],
        );
        self::assertSame('20261122062640', $client->datetime(1_795_328_800_000));
        self::assertStringNotContainsString('a secret', print_r($client, true) . var_export($client, true));
        foreach ([['weak_secret', ['id', '', 'p']], ['weak_secret', ['id', 's', '']], ['unsignable', ['i d', 's', 'p']], ['unsignable', ['id', 's', 'p', 'odd']]] as [$name, $given]) {
            self::assertSame($name, World::refusal(static fn () => new Client(...$given))->errorName);
        }
        $this->expectException(LogicException::class);
        serialize($client);
    }

    public function testOneAsks(): void
    {
        $client = self::client('none', 'TWTC');
        $now = 1_795_328_800_000;
        $step = $client->access($now);
        self::assertSame(['send', '/tcx/authorize', 'wait'], [$step->kind, $step->path, $client->access($now)->kind]);
        $client->failed($step->number);
        $step = $client->access($now);
        self::assertSame('send', $step->kind);
        self::assertSame('malformed', World::refusal(static fn () => $client->received($step->number, 'nonsense', $now))->errorName);
        $step = $client->access($now);
        self::assertSame('TCXAFX', $client->received($step->number, json_encode(verdict('TCXAFX', route: 'authorize')), $now)->statusCode);
        // One whose end nobody tells is taken over.
        self::assertSame('send', $client->access($now)->kind);
        self::assertSame('send', $client->access($now + 31_000)->kind);
    }

    // ---- at the authority ----

    public function testASessionOfEveryTypeInEveryMode(): void
    {
        foreach (array_keys(self::$apps) as $mode) {
            foreach (['documented', 'server4'] as $dialect) {
                foreach (['OWTC', 'TWTC', 'FTC'] as $type) {
                    $client = self::client($mode, $type, dialect: $dialect);
                    $datetime = $client->datetime();
                    $target = "/tcx/echo/a%2Fb?note=caf%C3%A9&amount=10.50&tcx_datetime=$datetime";
                    $params = ['amount' => '10.50', 'note' => 'café', 'tcx_datetime' => $datetime];
                    $headers = $client->headers($params, $datetime, $type === 'TWTC' ? $client->fetchAccess(self::$server->url) : null);
                    self::assertSame(['app_id' => $client->appId(), 'method' => 'GET', 'target' => $target, 'type' => $type], self::sorted(self::call($target, $headers)));
                    $again = self::call($target, $headers);
                    self::assertSame(['TCXPFX', '505003', 0], [$again['status_code'], $again['status_number'], $again['status']]);
                }
            }
        }
        self::assertSame('TCXREQ', self::call('/tcx/echo', [])['status_code']);
    }

    private static function sorted(array $members): array
    {
        ksort($members);
        return $members;
    }

    public function testTheAccessTokenIsKeptAndRenewed(): void
    {
        $client = self::client('none', 'TWTC');
        $access = $client->fetchAccess(self::$server->url . '/');
        self::assertSame($access, $client->fetchAccess('http://127.0.0.1:1'));
        // A minute before its end the refresh token is spent; the token lives on.
        $later = (int) (microtime(true) * 1000) + 7_200_000;
        $step = $client->access($later);
        self::assertSame(['send', '/tcx/reauthorize', 'wait'], [$step->kind, $step->path, $client->access($later)->kind]);
        [[, , $body]] = self::$server->send([['POST', $step->path, ['content-type: application/json'], $step->body]]);
        self::assertNull($client->received($step->number, $body));
        self::assertSame($access, $client->access()->token);
        self::assertSame($access, $client->fetchAccess(self::$server->url));
        self::assertSame('TWTC', self::call('/tcx/echo', $client->headers([], null, $access))['type']);
        // Spent is spent; then a pass buys anew.
        [[, , $body]] = self::$server->send([['POST', $step->path, ['content-type: application/json'], $step->body]]);
        self::assertSame('TCXAFX', json_decode($body, true)['status_code']);
        $step = $client->access($later);
        self::assertNull($client->received($step->number, $body));
        self::assertSame('/tcx/authorize', $client->access($later)->path);
    }

    public function testAWorkerKeepsItsClient(): void
    {
        $env = ['OSCAR_TCX' => json_encode(self::$apps['none']), 'OSCAR_TCX_URL' => self::$server->url];
        $page = Server::builtIn(['ffi.enable' => 'true'], $env, page: 'tcx-page');
        $tokens = array_map(static fn (): string => $page->send([['GET', '/', []]])[0][2], range(1, 5));
        self::assertSame([40, 1], [strlen($tokens[0]), count(array_unique($tokens))]);
        $page->stop();
        $page = Server::builtIn(['ffi.enable' => 'true'], ['OSCAR_TCX' => json_encode(['app_public' => 'another'] + self::$apps['none'])] + $env, page: 'tcx-page');
        for ($time = 0; $time < 2; $time++) {
            [[$status, , $body]] = $page->send([['GET', '/', []]]);
            self::assertSame([502, 'TCXAFX (505001): Authentication Failed'], [$status, $body]);
        }
        $page->stop();
    }

    public function testRefusals(): void
    {
        $app = self::$apps['none'];
        foreach ([new Client('nobody', 's', 'p', 'TWTC'), new Client($app['app_id'], $app['app_secret'], 'another', 'TWTC'), self::client('none', 'TWTC', mode: 'param')] as $client) {
            try {
                $client->fetchAccess(self::$server->url);
                self::fail('it was let in');
            } catch (Refused $refused) {
                self::assertSame(['TCXAFX', '505001'], [$refused->verdict->statusCode, $refused->verdict->statusNumber]);
                self::assertSame('TCXAFX (505001): Authentication Failed', $refused->getMessage());
            }
        }
        $client = self::client('none', 'TWTC');
        foreach (['http://127.0.0.1:1', 'http://127.0.0.1:1'] as $nowhere) {
            try {
                $client->fetchAccess($nowhere);
                self::fail('nobody is there');
            } catch (NetworkError) {
            }
        }
        // A failed one holds nobody up.
        self::assertSame(40, strlen($client->fetchAccess(self::$server->url)));
        self::assertSame('TCXMKF', self::call('/tcx/echo', self::client('none', 'FTC', masterKey: str_repeat('x', 40))->headers())['status_code']);
        self::assertSame('TCXTFX', self::call('/tcx/echo', $client->headers([], null, str_repeat('x', 40)))['status_code']);
        self::assertSame('unsignable', World::refusal(static fn () => $client->headers())->errorName);
    }
}
