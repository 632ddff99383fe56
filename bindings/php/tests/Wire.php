<?php

declare(strict_types=1);

use GuzzleHttp\Psr7\Response;
use GuzzleHttp\Psr7\ServerRequest;
use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseFactoryInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Server\MiddlewareInterface;
use Psr\Http\Server\RequestHandlerInterface;

/** A network without sockets: a PSR-18 client that ends in a PSR-15 middleware. What was sent stands in `sent`; `forge` changes answers. */
final class Wire implements ClientInterface
{
    /** @var list<RequestInterface> */
    public array $sent = [];
    public ?Closure $forge = null;

    /** @param Closure(ServerRequestInterface): ResponseInterface $app */
    public function __construct(private readonly MiddlewareInterface $layer, private readonly Closure $app) {}

    public function sendRequest(RequestInterface $request): ResponseInterface
    {
        $this->sent[] = $request;
        $uri = $request->getUri();
        $server = ['REQUEST_URI' => ($uri->getPath() ?: '/') . ($uri->getQuery() === '' ? '' : '?' . $uri->getQuery())];
        $arrived = new ServerRequest($request->getMethod(), $uri, $request->getHeaders(), (string) $request->getBody(), '1.1', $server);
        $app = $this->app;
        $answer = $this->layer->process($arrived, new class ($app) implements RequestHandlerInterface {
            public function __construct(private readonly Closure $app) {}

            public function handle(ServerRequestInterface $request): ResponseInterface
            {
                return ($this->app)($request);
            }
        });
        return $this->forge === null ? $answer : ($this->forge)($answer);
    }

    /** An application that says who sent what. */
    public static function echo(): Closure
    {
        return static fn (ServerRequestInterface $request): ResponseInterface => new Response(
            200,
            ['Content-Type' => 'text/plain'],
            $request->getMethod() . ' ' . bin2hex($request->getAttribute('oscartoki')->kid()) . ' ' . $request->getBody(),
        );
    }
}

/** PSR-17, which Debian's Guzzle has in HttpFactory. */
function responses(): ResponseFactoryInterface
{
    return new GuzzleHttp\Psr7\HttpFactory();
}
