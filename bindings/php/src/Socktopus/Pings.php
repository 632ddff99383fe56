<?php

declare(strict_types=1);

namespace Oscartoki\Socktopus;

use Oscartoki\Clock;
use Oscartoki\Native;

/** When a websocket's client pings, and whether the hub still answers. The first ping goes at once: its PONG proves the join. */
final class Pings
{
    private int $handle = 0;

    /** The schedule of a connection that opened now; `nowMs` of any monotonic clock, PHP's where none is given. */
    public function __construct(?int $nowMs = null)
    {
        $handle = Native::handle();
        Native::check(Native::ffi()->oscar_socktopus_pings_new($nowMs ?? Clock::mono(), $handle));
        $this->handle = $handle[0];
    }

    public function __destruct()
    {
        if ($this->handle !== 0) {
            Native::ffi()->oscar_socktopus_pings_free($this->handle);
        }
    }

    /** What to do now. After `send` the ping counts as sent. */
    public function next(?int $nowMs = null): Ping
    {
        $ffi = Native::ffi();
        [$step, $at] = [$ffi->new('uint32_t[1]'), $ffi->new('int64_t[1]')];
        Native::check($ffi->oscar_socktopus_pings_next($this->handle, $nowMs ?? Clock::mono(), $step, $at));
        return new Ping(['send', 'later', 'dead'][$step[0]], $at[0]);
    }

    /** A PONG came. */
    public function pong(): void
    {
        Native::check(Native::ffi()->oscar_socktopus_pings_pong($this->handle));
    }

    private function __clone() {}
}
