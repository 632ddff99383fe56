<?php

declare(strict_types=1);

namespace Oscartoki;

/** Remembers nothing and therefore refuses everything. */
final class NoReplayLog extends ReplayLog
{
    public function __construct()
    {
        $this->make(static fn ($ffi, $out) => $ffi->oscar_replay_log_none($out));
    }
}
