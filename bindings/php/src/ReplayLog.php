<?php

declare(strict_types=1);

namespace Oscartoki;

/** Some replay memory; services that are given the same one remember together. */
abstract class ReplayLog
{
    private int $handle = 0;
    private bool $lent = false;

    /** @param callable(\FFI, \FFI\CData): int $make */
    final protected function make(callable $make): void
    {
        $handle = Native::handle();
        Native::check($make(Native::ffi(), $handle));
        $this->handle = $handle[0];
    }

    final public function __destruct()
    {
        if ($this->handle !== 0 && !$this->lent) {
            Native::ffi()->oscar_replay_log_free($this->handle);
        }
    }

    /** A memory for the consumers of one queue, on this log. `firstStart`: no earlier consumer could have seen a message. */
    final public function forMessages(bool $firstStart = false, ?int $nowMs = null): MessageMemory
    {
        return new MessageMemory($this, $firstStart, $nowMs ?? Clock::wall());
    }

    /**
     * The log in the library.
     *
     * @internal
     */
    final public function handle(): int
    {
        return $this->handle;
    }

    /**
     * The log outlives this object.
     *
     * @internal
     */
    final public function lend(?int $handle = null): void
    {
        [$this->handle, $this->lent] = [$handle ?? $this->handle, true];
    }

    private function __clone() {}
}
