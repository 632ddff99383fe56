<?php

declare(strict_types=1);

namespace Oscartoki;

/** What the owner of a call does next: send (`kind` `send`), or it ended (`done`, `failed`) with `outcome`. */
final class Step
{
    /**
     * @param 'send'|'done'|'failed' $kind
     * @param string $method to send: the method; HEAD for a probe
     * @param array<string, string> $headers to send: our headers, which replace those of the same name
     * @param bool $isProbe no content is sent, and none of the headers that `Client::dropsFromProbe` names
     * @param ?Outcome $outcome of a call that ended
     * @param int $requests how many requests went out, the probe included
     * @param bool $probed a probe went out
     * @param bool $resent the request was resent
     * @param bool $inSession the last request that went out was signed in a session
     */
    private function __construct(
        public readonly string $kind,
        public readonly string $method,
        public readonly array $headers,
        public readonly bool $isProbe,
        public readonly ?Outcome $outcome,
        public readonly int $requests,
        public readonly bool $probed,
        public readonly bool $resent,
        public readonly bool $inSession,
    ) {}

    /**
     * Out of the library's struct.
     *
     * @internal
     */
    public static function of(\FFI\CData $told): self
    {
        $kind = ['send', 'done', 'failed'][$told->kind];
        $headers = [];
        if ($kind === 'send') {
            $headers = array_filter([
                'oscartoki' => \FFI::string($told->headers->toki),
                'oscartokikey' => \FFI::string($told->headers->grant),
                'content-digest' => \FFI::string($told->content_digest),
            ], static fn (string $field): bool => $field !== '');
        }
        return new self(
            $kind,
            \FFI::string($told->method),
            $headers,
            $told->headers->probe === 1,
            $kind === 'send' ? null : Outcome::of($told->outcome),
            $told->requests,
            $told->probed === 1,
            $told->resent === 1,
            $told->in_session === 1,
        );
    }
}
