<?php

declare(strict_types=1);

namespace Oscartoki\Tcx;

/** What a caller who wants the access token does next. */
final class Step
{
    /**
     * @param 'use'|'send'|'wait' $kind `use`: the token is here; `send`: POST `body`, JSON, to `path`, then tell `received` or `failed`; `wait`:
     *   another caller asks, look again in a moment
     * @param ?string $token the access token
     * @param ?int $number names the request
     * @param ?string $path `/tcx/authorize` or `/tcx/reauthorize`
     * @param ?string $body its JSON
     */
    public function __construct(
        public readonly string $kind,
        public readonly ?string $token = null,
        public readonly ?int $number = null,
        public readonly ?string $path = null,
        public readonly ?string $body = null,
    ) {}

    /** Tokens and passes are not for dumps. */
    public function __debugInfo(): array
    {
        return ['kind' => $this->kind, 'number' => $this->number, 'path' => $this->path];
    }
}
