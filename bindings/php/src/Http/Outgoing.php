<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\Call;
use Oscartoki\Client;
use Oscartoki\Clock;
use Oscartoki\Errors\Unsignable;
use Oscartoki\Step;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;

/**
 * One PSR-7 request on its way, whoever sends it.
 *
 * @internal
 */
final class Outgoing
{
    private readonly Call $call;
    private readonly string $body;
    private ?ResponseInterface $response = null;
    private ?Step $step = null;
    private ?array $clocks = null;

    /** @param array<string, bool> $options of `Client::call` */
    public function __construct(private readonly Client $client, private readonly RequestInterface $request, string $target, array $options)
    {
        $this->body = Text::take($request->getBody(), PHP_INT_MAX);
        $hosts = $request->getHeader('Host');
        if (\count($hosts) > 1) {
            throw new Unsignable('two Host headers', mayHaveRun: false);
        }
        $uri = $request->getUri();
        $authority = $hosts[0] ?? $uri->getHost() . ($uri->getPort() === null ? '' : ':' . $uri->getPort());
        $this->call = $client->call($request->getMethod(), $authority, $target, $this->body, self::pairs($request->getHeaders()), ...$options);
    }

    /** The next request to send; null: it has ended. */
    public function next(): ?RequestInterface
    {
        $this->step = $this->call->next();
        if ($this->step->kind !== 'send') {
            return null;
        }
        $request = $this->request->withBody(new Text($this->step->isProbe ? '' : $this->body))->withMethod($this->step->method);
        if ($this->step->isProbe) {
            foreach (array_keys($request->getHeaders()) as $name) {
                if ($this->client->dropsFromProbe((string) $name)) {
                    $request = $request->withoutHeader((string) $name);
                }
            }
        }
        foreach ($this->step->headers as $name => $value) {
            $request = $request->withHeader($name, $value);
        }
        return $request;
    }

    /** The head of the answer has come. */
    public function head(): void
    {
        $this->clocks = [Clock::wall(), Clock::mono()];
    }

    /** The answer has come. */
    public function received(ResponseInterface $response): void
    {
        $this->clocks ?? $this->head();
        $body = Text::take($response->getBody(), $this->client->maxAnswer() + 1);
        if (\strlen($body) > $this->client->maxAnswer()) {
            $this->call->tooLarge($response->getStatusCode());
        } else {
            $this->call->received($response->getStatusCode(), self::pairs($response->getHeaders()), $body, ...$this->clocks);
            $this->response = $response->getBody()->isSeekable() ? $response : $response->withBody(new Text($body));
        }
        $this->clocks = null;
    }

    /** No answer came. */
    public function failed(): void
    {
        $this->call->failed();
        $this->step = $this->call->next();
    }

    /** What it ended with. */
    public function result(): ResponseInterface
    {
        $this->step?->outcome?->throwForRefusal();
        $response = $this->response ?? throw new \LogicException('a call that was accepted has an answer');
        Told::note($response, $this->step);
        return $response;
    }

    /**
     * @param array<array<string>> $headers
     * @return list<array{string, string}>
     */
    public static function pairs(array $headers): array
    {
        $pairs = [];
        foreach ($headers as $name => $values) {
            foreach ($values as $value) {
                $pairs[] = [(string) $name, (string) $value];
            }
        }
        return $pairs;
    }
}
