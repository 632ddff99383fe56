<?php

declare(strict_types=1);

use GuzzleHttp\Promise\Utils;
use GuzzleHttp\Psr7\PumpStream;
use GuzzleHttp\Psr7\Request;
use GuzzleHttp\Psr7\Response;
use GuzzleHttp\Psr7\ServerRequest;
use Oscartoki\Client;
use Oscartoki\Errors;
use Oscartoki\Http\Guzzle;
use Oscartoki\Http\HttpFoundation;
use Oscartoki\Http\Middleware;
use Oscartoki\Http\Told;
use Oscartoki\OscarError;
use PHPUnit\Framework\TestCase;
use Psr\Http\Client\ClientExceptionInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Symfony\Component\HttpFoundation\Request as SymfonyRequest;
use Symfony\Component\HttpFoundation\Response as SymfonyResponse;
use Symfony\Component\HttpFoundation\StreamedResponse;

/** PSR-15, PSR-18, Guzzle and HttpFoundation, each against another, without sockets. */
final class HttpTest extends TestCase
{
    private World $world;
    private Client $client;

    protected function setUp(): void
    {
        $this->world = new World();
        $this->client = new Client($this->world->secret, World::NAME);
    }

    private function wire(?Closure $app = null, array $options = [], mixed ...$service): Wire
    {
        return new Wire(new Middleware($this->world->service(...$service), responses(), ...$options), $app ?? Wire::echo());
    }

    private static function request(string $method = 'GET', string $target = '/x', array $headers = [], string $body = ''): Request
    {
        return new Request($method, 'https://' . World::NAME . $target, $headers, $body);
    }

    // ---- PSR-18 against PSR-15 ----

    public function testAPostIsProbedForAndAnswered(): void
    {
        $wire = $this->wire();
        $http = $this->client->psr18($wire);
        $answer = $http->sendRequest(self::request('POST', '/x?a=%2F', ['Content-Type' => 'text/plain', 'If-Match' => 'x'], 'body'));
        self::assertSame('POST ' . bin2hex($this->world->key->kid()) . ' body', (string) $answer->getBody());
        self::assertSame(['HEAD', 'POST'], array_map(static fn ($sent) => $sent->getMethod(), $wire->sent));
        [$probe, $sent] = $wire->sent;
        self::assertSame(['', false, false, true], [(string) $probe->getBody(), $probe->hasHeader('If-Match'), $probe->hasHeader('Content-Digest'), $probe->hasHeader('Content-Type')]);
        self::assertTrue($sent->hasHeader('Content-Digest'));
        self::assertSame('no-store, no-transform', $answer->getHeaderLine('Cache-Control'));
        $told = Told::of($answer);
        self::assertSame([2, true, false, true, 0], [$told->requests, $told->probed, $told->resent, $told->inSession, $told->outcome->code]);
        self::assertNull(Told::of(new Response()));
        $http->sendRequest(self::request());
        self::assertSame(58, strlen($wire->sent[2]->getHeaderLine('oscartoki')));
        self::assertNotSame('', $wire->sent[2]->getHeaderLine('oscartokikey'));
    }

    public function testStatusesWithoutContent(): void
    {
        foreach ([204, 304] as $status) {
            $answer = $this->client->psr18($this->wire(static fn () => new Response($status)))->sendRequest(self::request());
            self::assertSame([$status, ''], [$answer->getStatusCode(), (string) $answer->getBody()]);
        }
        $head = $this->client->psr18($this->wire(static fn () => new Response(200, ['Content-Length' => '5'])))->sendRequest(self::request('HEAD'));
        self::assertSame('5', $head->getHeaderLine('Content-Length'));
        $missing = $this->client->psr18($this->wire(static fn () => new Response(404, [], 'no')))->sendRequest(self::request());
        self::assertSame([404, 'no'], [$missing->getStatusCode(), (string) $missing->getBody()]);
    }

    public static function forgeries(): array
    {
        return [
            'no toki' => ['missing', static fn ($answer) => $answer->withoutHeader('oscartoki')],
            'two tokis' => ['malformed', static fn ($answer) => $answer->withAddedHeader('oscartoki', 'ot2.x')],
            'another status' => ['bad_mac', static fn ($answer) => $answer->withStatus(201)],
            'another body' => ['bad_mac', static fn ($answer) => $answer->withBody(GuzzleHttp\Psr7\Utils::streamFor('forged'))],
            'no grant' => ['malformed', static fn ($answer) => $answer->withoutHeader('oscartokikey')],
            'over the limit' => ['policy', static fn ($answer) => $answer->withBody(GuzzleHttp\Psr7\Utils::streamFor(str_repeat('x', 2000)))],
            'an unsigned refusal' => ['missing', static fn ($answer) => new Response(401, ['oscartoki-error' => 'stale'])],
        ];
    }

    /** @dataProvider forgeries */
    public function testForgedAnswers(string $name, Closure $forge): void
    {
        $wire = $this->wire();
        $wire->forge = $forge;
        $http = (new Client($this->world->secret, World::NAME, maxAnswer: 1000))->psr18($wire);
        $error = World::refusal(static fn () => $http->sendRequest(self::request()));
        self::assertSame([$name, false, true], [$error->errorName, $error->signed, $error->mayHaveRun]);
        self::assertInstanceOf(ClientExceptionInterface::class, $error);
        self::assertCount(1, $wire->sent);
        // A probe whose answer is forged: nothing has run, and nothing more is sent.
        $wire->forge = static fn ($answer) => $answer->withStatus(203);
        $error = World::refusal(static fn () => $http->sendRequest(self::request('POST', body: 'x')));
        self::assertFalse($error->mayHaveRun);
        self::assertCount(2, $wire->sent);
    }

    public function testASafeRequestIsResentOnce(): void
    {
        $wire = $this->wire(windowMs: 1000);
        $http = $this->client->psr18($wire);
        $off = Oscartoki\Clock::$offMs;
        try {
            Oscartoki\Clock::$offMs = -3000;
            $signed = $this->client->sign('GET', World::NAME, '/x');
            Oscartoki\Clock::$offMs = 0;
            $answer = $wire->sendRequest(self::request(headers: $signed->headers()));
            self::assertSame([401, 'oscartoki'], [$answer->getStatusCode(), $answer->getHeaderLine('WWW-Authenticate')]);
        } finally {
            Oscartoki\Clock::$offMs = $off;
        }
        // The network delays what was sent.
        $wire->forge = static function (ResponseInterface $answer) use ($wire): ResponseInterface {
            $wire->forge = null;
            return $answer->withStatus(409);
        };
        self::assertSame('bad_mac', World::refusal(static fn () => $http->sendRequest(self::request()))->errorName);
        $replays = new class ($wire) implements Psr\Http\Client\ClientInterface {
            public int $sent = 0;

            public function __construct(private readonly Wire $wire) {}

            public function sendRequest(RequestInterface $request): ResponseInterface
            {
                // Somebody was faster with the very same request, the first time.
                $this->sent++ === 0 && $this->wire->sendRequest($request);
                return $this->wire->sendRequest($request);
            }
        };
        $answer = $this->client->psr18($replays)->sendRequest(self::request());
        self::assertSame([true, 2], [Told::of($answer)->resent, Told::of($answer)->requests]);
        $replays->sent = 0;
        $error = World::refusal(fn () => $this->client->psr18($replays, trustClock: true)->sendRequest(self::request('POST', body: 'x')));
        self::assertSame(['replayed', true, true, 1], [$error->errorName, $error->mayHaveRun, $error->signed, $replays->sent]);
    }

    public function testANetworkFailurePasses(): void
    {
        $down = new class () implements Psr\Http\Client\ClientInterface {
            public function sendRequest(RequestInterface $request): ResponseInterface
            {
                throw new class ('down') extends RuntimeException implements ClientExceptionInterface {};
            }
        };
        $this->expectExceptionMessage('down');
        $this->client->psr18($down)->sendRequest(self::request());
    }

    public function testCoveredHeaders(): void
    {
        $wire = $this->wire(static fn () => new Response(200, ['ETag' => '"1"']), ext: ['content-type'], answerExt: ['etag', 'location']);
        $http = (new Client($this->world->secret, World::NAME, ext: ['content-type'], answerExt: ['etag', 'location']))->psr18($wire);
        self::assertSame('"1"', $http->sendRequest(self::request('POST', '/x', ['Content-Type' => 'a/b'], 'x'))->getHeaderLine('ETag'));
        $wire->forge = static fn ($answer) => $answer->withHeader('ETag', '"2"');
        self::assertSame('bad_mac', World::refusal(static fn () => $http->sendRequest(self::request()))->errorName);
    }

    // ---- PSR-15 by itself ----

    public function testUnsignedRefusalsNameThemselves(): void
    {
        $wire = $this->wire();
        foreach ([
            ['missing', 401, self::request()], ['malformed', 400, self::request(headers: ['oscartoki' => 'x'])], ['malformed', 400, self::request(headers: ['oscartoki' => ['a', 'b']])],
            ['unknown_authority', 400, new Request('GET', 'https://other.example.com/x', $this->client->sign('GET', World::NAME, '/x')->headers())],
            ['bad_mac', 401, self::request('GET', '/y', $this->client->sign('GET', World::NAME, '/x')->headers())],
            ['malformed', 400, self::request('GET', '/x', $this->client->sign('GET', World::NAME, '/x')->headers() + ['X-HTTP-Method-Override' => 'PUT'])],
        ] as [$name, $status, $request]) {
            $answer = $wire->sendRequest($request);
            self::assertSame([$status, $name], [$answer->getStatusCode(), $answer->getHeaderLine('oscartoki-error')]);
            self::assertFalse($answer->hasHeader('oscartoki'));
            self::assertSame($status === 401 ? 'oscartoki' : '', $answer->getHeaderLine('WWW-Authenticate'));
        }
    }

    public function testBodies(): void
    {
        $wire = $this->wire(maxBody: 10);
        $send = fn (string $signed, string $sent, bool $digest): ResponseInterface => $wire->sendRequest(self::request('PUT', '/x', $this->client->sign(
            'PUT', World::NAME, '/x', $digest ? null : $signed, digest: $digest ? hash('sha256', $signed, true) : null, trustClock: true,
        )->headers() + ($digest ? ['Content-Digest' => 'sha-256=:' . base64_encode(hash('sha256', $signed, true)) . ':'] : []), $sent));
        self::assertSame(200, $send('body', 'body', true)->getStatusCode());
        self::assertSame(200, $send('body', 'body', false)->getStatusCode());
        $other = $send('body', 'other', true);
        self::assertSame([400, true], [$other->getStatusCode(), $other->hasHeader('oscartoki')]);
        self::assertSame([401, 'bad_mac'], [($other = $send('body', 'other', false))->getStatusCode(), $other->getHeaderLine('oscartoki-error')]);
        $long = $send('eleven bytes', 'eleven bytes', true);
        self::assertSame([413, true], [$long->getStatusCode(), $long->hasHeader('oscartoki')]);
        self::assertSame([413, 'policy'], [($long = $send('eleven bytes', 'eleven bytes', false))->getStatusCode(), $long->getHeaderLine('oscartoki-error')]);
    }

    public function testAHiddenTargetIsSaidWithItsFix(): void
    {
        $app = static fn () => new Response();
        $layer = new Middleware($this->world->service(), responses());
        $handler = new class ($app) implements Psr\Http\Server\RequestHandlerInterface {
            public function __construct(private readonly Closure $app) {}

            public function handle(ServerRequestInterface $request): ResponseInterface
            {
                return ($this->app)();
            }
        };
        $signed = $this->client->sign('GET', World::NAME, '/x');
        $request = new ServerRequest('GET', 'https://' . World::NAME . '/x', $signed->headers());
        $log = ini_set('error_log', '/dev/null');
        $answer = $layer->process($request, $handler);
        ini_set('error_log', (string) $log);
        self::assertSame([500, 'raw_target_hidden'], [$answer->getStatusCode(), $answer->getHeaderLine('oscartoki-error')]);
        self::assertStringContainsString('rawTarget', (string) $answer->getBody());
        $told = new Middleware($this->world->service(), responses(), rawTarget: static fn (ServerRequestInterface $request): string => $request->getRequestTarget());
        self::assertSame(200, $told->process($request, $handler)->getStatusCode());
    }

    public function testAFaultOfTheApplicationIsSignedToo(): void
    {
        $folder = World::folder();
        $log = ini_set('error_log', "$folder/log");
        $answer = $this->client->psr18($this->wire(static fn () => throw new RuntimeException('boom')))->sendRequest(self::request());
        ini_set('error_log', (string) $log);
        self::assertSame([500, ''], [$answer->getStatusCode(), (string) $answer->getBody()]);
        self::assertStringContainsString('boom', (string) file_get_contents("$folder/log"));
    }

    public function testStreamsAreNotCovered(): void
    {
        $stream = static function (): Response {
            $left = 3;
            return new Response(200, [], new PumpStream(static function () use (&$left) {
                return $left-- > 0 ? 'chunk ' : false;
            }));
        };
        $events = static fn (): Response => new Response(200, ['Content-Type' => 'text/event-stream; charset=utf-8'], "data: 1\n\n");
        $long = static fn (): Response => new Response(200, [], str_repeat('x', 200));
        foreach ([$stream, $events, $long] as $app) {
            self::assertSame('policy', World::refusal(fn () => $this->client->psr18($this->wire($app, maxAnswer: 100))->sendRequest(self::request()))->errorName);
            $answer = $this->client->psr18($this->wire($app, maxAnswer: 100), stream: true)->sendRequest(self::request());
            self::assertFalse(Told::of($answer)->outcome->contentAuthentic);
            self::assertNotSame('', (string) $answer->getBody());
        }
    }

    public function testPreflights(): void
    {
        $preflight = self::request('OPTIONS', '/x', ['Origin' => 'https://app.example.com', 'Access-Control-Request-Method' => 'POST']);
        $app = static fn () => new Response(204, ['Access-Control-Allow-Origin' => '*']);
        self::assertSame(401, $this->wire($app)->sendRequest($preflight)->getStatusCode());
        self::assertSame(204, $this->wire($app, ['corsInside' => true])->sendRequest($preflight)->getStatusCode());
        self::assertSame(401, $this->wire($app, ['corsInside' => true])->sendRequest(self::request('OPTIONS', '/x', ['Origin' => 'a']))->getStatusCode());
    }

    // ---- Guzzle ----

    private function guzzle(Wire $wire, bool ...$options): GuzzleHttp\Client
    {
        $handler = static fn (RequestInterface $request, array $given) => GuzzleHttp\Promise\Create::promiseFor($wire->sendRequest($request));
        return new GuzzleHttp\Client(['handler' => $this->client->guzzle($handler, ...$options), 'base_uri' => 'https://' . World::NAME]);
    }

    public function testGuzzle(): void
    {
        $wire = $this->wire();
        $http = $this->guzzle($wire);
        $answer = $http->post('/x?a=1', ['json' => ['amount' => 10]]);
        self::assertStringEndsWith('{"amount":10}', (string) $answer->getBody());
        self::assertSame(['HEAD', 'POST'], array_map(static fn ($sent) => $sent->getMethod(), $wire->sent));
        self::assertTrue(Told::of($answer)->probed);
        $all = Utils::all(array_map(static fn (int $i) => $http->getAsync("/$i"), range(1, 32)))->wait();
        self::assertCount(32, array_filter($all, static fn ($answer): bool => Told::of($answer)->inSession));
        $wire->forge = static fn ($answer) => $answer->withStatus(202);
        $error = World::refusal(static fn () => $http->get('/x'));
        self::assertInstanceOf(Errors\BadMac::class, $error);
        self::assertSame('unsignable', World::refusal(static fn () => $http->request('connect', '/x'))->errorName);
    }

    public function testGuzzleFollowsNoRedirect(): void
    {
        $wire = $this->wire(static fn () => new Response(302, ['Location' => 'https://evil.example.com/']));
        self::assertSame(302, $this->guzzle($wire)->get('/x')->getStatusCode());
        self::assertCount(1, $wire->sent);
    }

    public function testGuzzlesOwnRefusalsAndFailures(): void
    {
        $this->expectException(GuzzleHttp\Exception\ClientException::class);
        $this->guzzle($this->wire(static fn () => new Response(404)))->get('/x');
    }

    public function testAFailureOfGuzzlesHandlerPasses(): void
    {
        $down = static fn (RequestInterface $request) => GuzzleHttp\Promise\Create::rejectionFor(new GuzzleHttp\Exception\ConnectException('down', $request));
        $this->expectException(GuzzleHttp\Exception\ConnectException::class);
        (new GuzzleHttp\Client(['handler' => $this->client->guzzle($down)]))->get('https://api.example.com/x');
    }

    public function testGuzzleInAStackOfOnesOwn(): void
    {
        $wire = $this->wire(static fn (ServerRequestInterface $request) => $request->getUri()->getPath() === '/x' ? new Response(307, ['Location' => '/y']) : new Response(200, [], 'there'));
        $stack = GuzzleHttp\HandlerStack::create(static fn (RequestInterface $request, array $given) => GuzzleHttp\Promise\Create::promiseFor($wire->sendRequest($request)));
        $stack->push(Guzzle::middleware($this->client));
        $answer = (new GuzzleHttp\Client(['handler' => $stack]))->get('https://' . World::NAME . '/x');
        self::assertSame('there', (string) $answer->getBody());
        self::assertCount(2, array_unique(array_map(static fn ($sent) => $sent->getHeaderLine('oscartoki'), $wire->sent)));
    }

    // ---- HttpFoundation: Symfony, Laravel ----

    /** One request through the middleware as the recipe of Laravel has it. */
    private function symfony(string $method, string $target, ?Closure $app = null, string $body = '', array $server = [], mixed ...$options): SymfonyResponse
    {
        $this->client = new Client($this->world->secret, World::NAME);
        $signed = $this->client->sign($method, World::NAME, $target, $body, trustClock: true);
        $server += ['REQUEST_URI' => $target, 'HTTP_HOST' => World::NAME, 'HTTP_OSCARTOKI' => $signed->toki()];
        $request = SymfonyRequest::create('https://' . World::NAME . $target, $method, [], [], [], $server, $body);
        $request->server->add($server);
        $app ??= static fn (SymfonyRequest $request) => new SymfonyResponse($request->getMethod() . ' ' . $request->getContent());
        $response = (new HttpFoundation($this->world->service(...$options)))->handle($request, $app);
        if ($response->headers->has('oscartoki') && $response->getStatusCode() === 200) {
            $content = $response->getContent();
            $outcome = $this->client->acceptHead($signed, 200, array_map(static fn ($values) => $values[0], $response->headers->all()), $content === false ? '' : $content);
            self::assertNull($outcome->error, (string) $outcome->name);
        }
        return $response;
    }

    public function testHttpFoundation(): void
    {
        self::assertSame('POST body', $this->symfony('POST', '/x', body: 'body')->getContent());
        self::assertSame(200, $this->symfony('GET', '/a%2Fb?x=1&x=2')->getStatusCode());
        self::assertSame('', $this->symfony('HEAD', '/x')->getContent());
        $overridden = $this->symfony('POST', '/x', server: ['HTTP_X_HTTP_METHOD_OVERRIDE' => 'DELETE']);
        self::assertSame([400, 'malformed'], [$overridden->getStatusCode(), $overridden->headers->get('oscartoki-error')]);
        $missing = $this->symfony('GET', '/x', server: ['HTTP_OSCARTOKI' => '']);
        self::assertSame([400, 'malformed'], [$missing->getStatusCode(), $missing->headers->get('oscartoki-error')]);
        $altered = $this->symfony('GET', '/x', server: ['REQUEST_URI' => '/y']);
        self::assertSame([401, 'bad_mac'], [$altered->getStatusCode(), $altered->headers->get('oscartoki-error')]);
        $long = $this->symfony('POST', '/x', body: 'eleven bytes', maxBody: 10);
        self::assertSame([413, 'policy'], [$long->getStatusCode(), $long->headers->get('oscartoki-error')]);
        $streamed = $this->symfony('GET', '/x', static fn () => new StreamedResponse(static fn () => print('x')));
        self::assertSame(200, $streamed->getStatusCode());
        $log = ini_set('error_log', '/dev/null');
        $fault = $this->symfony('GET', '/x', static fn () => throw new RuntimeException('boom'));
        $hidden = $this->symfony('GET', '/x', server: ['REQUEST_URI' => '']);
        ini_set('error_log', (string) $log);
        self::assertSame([500, true], [$fault->getStatusCode(), $fault->headers->has('oscartoki')]);
        self::assertSame([500, 'raw_target_hidden'], [$hidden->getStatusCode(), $hidden->headers->get('oscartoki-error')]);
    }
}
