<?php

declare(strict_types=1);

namespace Oscartoki;

/** The memory of this one process: for a server that lives in it (RoadRunner with one worker, Swoole, a test), never for FPM. After a fork it refuses. */
final class MemoryReplayLog extends ReplayLog
{
    /** Room for `capacity` live requests; `exact`: in one shard and without quotas, for tests. */
    public function __construct(int $capacity = MappedReplayLog::CAPACITY, bool $exact = false)
    {
        $this->make(static fn ($ffi, $out) => $exact ? $ffi->oscar_replay_log_exact($capacity, $out) : $ffi->oscar_replay_log_memory($capacity, $out));
    }
}
