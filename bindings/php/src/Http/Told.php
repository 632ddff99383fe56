<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\Step;

/** What is known of an answer whose class has no room for it: `Told::of($response)->outcome`, requests, probed, resent, in session. */
final class Told
{
    /** @var ?\WeakMap<object, Step> */
    private static ?\WeakMap $steps = null;

    /** How a PSR-7 answer was got; null: it is none of ours. */
    public static function of(object $response): ?Step
    {
        return self::$steps[$response] ?? null;
    }

    /** @internal */
    public static function note(object $response, Step $step): void
    {
        self::$steps ??= new \WeakMap();
        self::$steps[$response] = $step;
    }
}
