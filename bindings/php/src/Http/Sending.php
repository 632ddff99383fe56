<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\Call;
use Oscartoki\Client;
use Oscartoki\Errors\Missing;
use Oscartoki\Step;

/**
 * One signed request on its way over curl.
 *
 * @internal
 */
final class Sending
{
    private readonly Call $call;
    private ?Step $step = null;
    private ?Answer $answer = null;
    private ?NetworkError $fault = null;

    /** @param array<string, bool> $options of `Client::call` */
    public function __construct(
        private readonly Client $client,
        private readonly Transfer $transfer,
        string $method,
        private readonly ?string $body,
        array $options,
    ) {
        $this->call = $client->call($method, $transfer->authority, $transfer->target, $body, $transfer->headers, ...$options);
    }

    /** The next transfer; null: it has ended. */
    public function next(): ?\CurlHandle
    {
        $this->step = $this->call->next();
        if ($this->step->kind !== 'send') {
            return null;
        }
        $probe = $this->step->isProbe;
        return $this->transfer->begin(
            $this->step->method,
            $probe ? null : $this->body,
            $this->step->headers,
            $probe ? $this->client->dropsFromProbe(...) : null,
        );
    }

    /** The transfer has ended, with curl's number of an error or 0. */
    public function ended(int $error): void
    {
        try {
            [$status, $headers, $content, $receivedMs, $monoMs] = $this->transfer->end($error);
        } catch (NetworkError $fault) {
            $this->fault = $fault;
            $this->call->failed();
            return;
        }
        if ($headers === null) {
            $this->call->tooLarge($status);
            return;
        }
        $this->answer = new Answer($status, $headers, $content);
        $this->call->received($status, $headers, $content, $receivedMs, $monoMs);
    }

    /** What it ended with. */
    public function result(): Answer
    {
        $outcome = $this->step?->outcome;
        if ($this->fault !== null && $outcome?->error instanceof Missing) {
            throw new NetworkError($this->fault->getMessage(), $outcome->mayHaveRun);
        }
        $outcome?->throwForRefusal();
        $answer = $this->answer ?? throw new \LogicException('a call that was accepted has an answer');
        return new Answer($answer->status, $answer->headers, $answer->body, $this->step);
    }
}
