<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\Errors\RawTargetHidden;
use Oscartoki\Service;
use Psr\Http\Message\ResponseFactoryInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Server\MiddlewareInterface;
use Psr\Http\Server\RequestHandlerInterface;

/**
 * PSR-15: verifies before the handler runs, and signs what it answers. What was verified is the request's attribute `oscartoki`.
 *
 * The raw target is the server parameter REQUEST_URI; where a server has none, `rawTarget` tells it. A CORS layer stands outside, or inside with `corsInside`.
 */
final class Middleware implements MiddlewareInterface
{
    private readonly Layer $layer;

    /** @param ?callable(ServerRequestInterface): ?string $rawTarget the request target as it was on the wire */
    public function __construct(
        Service $service,
        private readonly ResponseFactoryInterface $responses,
        private readonly mixed $rawTarget = null,
        private readonly bool $corsInside = false,
    ) {
        $this->layer = new Layer($service);
    }

    public function process(ServerRequestInterface $request, RequestHandlerInterface $handler): ResponseInterface
    {
        $method = $request->getMethod();
        $headers = Outgoing::pairs($request->getHeaders());
        if ($this->corsInside && Layer::isPreflight($method, $headers)) {
            return $handler->handle($request);
        }
        try {
            $target = $this->target($request);
            Layer::rawBodyOrThrow($method, $request->getHeaderLine('Content-Type'));
        } catch (RawTargetHidden $error) {
            return $this->response($method, ...Layer::hidden($error));
        }
        [$verdict, $body] = $this->layer->judge($method, $target, $headers, static fn (int $most): string => Text::take($request->getBody(), $most));
        if (!$verdict->accepted()) {
            return $this->response($method, ...$this->layer->turnDown($verdict, $method));
        }
        $request = $request->withAttribute('oscartoki', $verdict);
        if ($body !== null && !$request->getBody()->isSeekable()) {
            $request = $request->withBody(new Text($body));
        }
        try {
            $response = $handler->handle($request);
        } catch (\Throwable $fault) {
            return $this->response($method, ...$this->layer->fault($verdict, $method, $fault));
        }
        $most = $this->layer->service->maxAnswer();
        $answered = Outgoing::pairs($response->getHeaders());
        $stream = $response->getBody();
        // Only what can be read again is covered; a stream goes out as it comes.
        $content = $stream->isSeekable() && Layer::coverable($answered) ? Text::take($stream, $most + 1) : null;
        $content = $content !== null && \strlen($content) > $most ? null : $content;
        foreach ($this->layer->sign($verdict, $method, $response->getStatusCode(), $answered, $content) as $name => $value) {
            $response = $response->withHeader($name, $value);
        }
        return $response;
    }

    private function target(ServerRequestInterface $request): string
    {
        $target = $this->rawTarget === null ? $request->getServerParams()['REQUEST_URI'] ?? null : ($this->rawTarget)($request);
        if (\is_string($target) && $target !== '') {
            return $target;
        }
        throw new RawTargetHidden('this server gives no REQUEST_URI, the request target as sent: pass rawTarget to the middleware, or have the server set it');
    }

    /** @param array<string, string> $headers */
    private function response(string $method, int $status, array $headers, string $body = ''): ResponseInterface
    {
        $response = $this->responses->createResponse($status);
        foreach ($headers as $name => $value) {
            $response = $response->withHeader($name, $value);
        }
        return $response->withBody(new Text($method === 'HEAD' ? '' : $body));
    }
}
