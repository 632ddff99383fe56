<?php

declare(strict_types=1);

namespace Oscartoki\Tcx;

use Oscartoki\Clock;
use Oscartoki\Errors\Malformed;
use Oscartoki\Errors\Unsignable;
use Oscartoki\Native;
use Oscartoki\Pack;

/**
 * The words of TCX as the library's numbers, and what the functions of this namespace call.
 *
 * @internal
 */
final class Names
{
    private const DIALECTS = ['documented' => 0, 'server4' => 1];

    /** The number of a mode. */
    public static function mode(string $name): int
    {
        return ['none' => 0, 'time' => 1, 'param' => 2][$name] ?? throw new \ValueError('a mode is none, time or param');
    }

    /** The number of a dialect, or of a table of numbers. */
    public static function dialect(string $name): int
    {
        return self::DIALECTS[$name] ?? throw new \ValueError('a dialect or table is documented or server4');
    }

    /** The name of a dialect. */
    public static function dialectOf(int $number): string
    {
        return array_search($number, self::DIALECTS, true);
    }

    /** The number of a type, which is compared without regard to case. */
    public static function type(string $name): int
    {
        $number = ['OWTC' => 0, 'TWTC' => 1, 'FTC' => 2][strtoupper($name)] ?? null;
        return $number ?? throw new Unsignable('a type is OWTC, TWTC or FTC', mayHaveRun: false);
    }

    /** @param array<string, string> $params */
    public static function params(array $params): string
    {
        $packed = '';
        foreach ($params as $name => $text) {
            if (!\is_string($text)) {
                throw new Unsignable("the parameter $name is no text", mayHaveRun: false);
            }
            $packed .= Pack::lp((string) $name) . Pack::lp($text);
        }
        return $packed;
    }

    /**
     * Headers that the library wrote, a line each.
     *
     * @return array<string, string>
     */
    public static function headers(int $text): array
    {
        $headers = [];
        foreach (explode("\n", rtrim(Native::text($text), "\n")) as $line) {
            [$name, $value] = explode(': ', $line, 2);
            $headers[$name] = $value;
        }
        return $headers;
    }

    /** @return array<string, string> */
    public static function headersOf(string $type, string $appId, string $appPass, ?string $token): array
    {
        $text = Native::handle();
        Native::check(Native::ffi()->oscar_tcx_headers(
            self::type($type),
            $appId,
            \strlen($appId),
            $appPass,
            \strlen($appPass),
            $token,
            \strlen($token ?? ''),
            $text,
        ));
        return self::headers($text[0]);
    }

    public static function verdict(string $code, string $table, string $route): Verdict
    {
        $route = ['call' => 0, 'authorize' => 1, 'reauthorize' => 2][$route] ?? throw new \ValueError('a route is call, authorize or reauthorize');
        $told = Native::ffi()->new('oscar_tcx_verdict[1]');
        Native::check(Native::ffi()->oscar_tcx_verdict_of($code, \strlen($code), self::dialect($table), $route, $told));
        return Verdict::of($told[0]) ?? throw new Malformed('this is no code of TCX');
    }

    public static function datetime(?int $nowMs): string
    {
        $ffi = Native::ffi();
        return Native::written($ffi->OSCAR_TCX_DATETIME_MAX_LEN, static fn ($out, $room) => $ffi->oscar_tcx_datetime($nowMs ?? Clock::wall(), $out, $room));
    }
}
