<?php

declare(strict_types=1);

namespace Oscartoki;

/** What the consumers of one queue remember together; made by `ReplayLog::forMessages`. */
final class MessageMemory
{
    private int $handle = 0;

    /** @internal */
    public function __construct(ReplayLog $log, bool $firstStart, int $nowMs)
    {
        $handle = Native::handle();
        Native::check(Native::ffi()->oscar_message_memory_new($log->handle(), (int) $firstStart, $nowMs, $handle));
        $this->handle = $handle[0];
    }

    public function __destruct()
    {
        if ($this->handle !== 0) {
            Native::ffi()->oscar_message_memory_free($this->handle);
        }
    }

    /** @internal */
    public function handle(): int
    {
        return $this->handle;
    }

    private function __clone() {}
}
