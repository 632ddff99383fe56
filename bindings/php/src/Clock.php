<?php

declare(strict_types=1);

namespace Oscartoki;

/** The clocks that are read where the caller gives none. */
final class Clock
{
    /** Moves the wall clock, in milliseconds: for demonstrations and tests. */
    public static int $offMs = 0;

    /** Milliseconds since 1970. */
    public static function wall(): int
    {
        return (int) (\microtime(true) * 1000) + self::$offMs;
    }

    /** Milliseconds of the monotonic clock. */
    public static function mono(): int
    {
        return \intdiv(\hrtime(true), 1_000_000);
    }
}
