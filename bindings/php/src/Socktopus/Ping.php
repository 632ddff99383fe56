<?php

declare(strict_types=1);

namespace Oscartoki\Socktopus;

/** What a client does now. */
final class Ping
{
    /**
     * @param 'send'|'later'|'dead' $kind send `Frame::PING` and ask again; ask again at `atMs`; no PONG came for 20 s, connect anew
     * @param int $atMs on the clock that was given to `Pings`
     */
    public function __construct(public readonly string $kind, public readonly int $atMs) {}
}
