<?php

declare(strict_types=1);

namespace Oscartoki;

/**
 * The packing of the calls that are made per request: short fields by a table of their lengths.
 *
 * @internal
 */
final class Pack
{
    /** @var list<string> two bytes for every length below 256 */
    private static array $lp = [];

    /** The fields of a request; null: one does not fit. */
    public static function request(string $method, string $authority, string $target, string $ext, ?string $digest): ?string
    {
        $lp = self::$lp ?: self::lengths();
        $last = "\0\0\0\0";
        if ($ext !== '' || $digest !== null) {
            if (\strlen($ext) > 65_535) {
                return null;
            }
            $last = Native::lp($ext) . Native::digest($digest);
        }
        $short = \strlen($target);
        if ($short < 256 && \strlen($method) < 256 && \strlen($authority) < 256) {
            return $lp[\strlen($method)] . $method . $lp[\strlen($authority)] . $authority . $lp[$short] . $target . $last;
        }
        if ($short > 65_535 || \strlen($method) > 65_535 || \strlen($authority) > 65_535) {
            return null;
        }
        return Native::lp($method) . Native::lp($authority) . Native::lp($target) . $last;
    }

    /** The fields of a request that arrived; empty when one does not fit, so that the call refuses. */
    public static function judged(
        string $method,
        string $authority,
        string $target,
        string $ext,
        ?string $digest,
        ?string $toki,
        ?string $grant,
    ): string {
        try {
            $packed = self::request($method, $authority, $target, $ext, $digest);
            return $packed === null ? '' : $packed . self::proofs($toki, $grant);
        } catch (Errors\Unsignable) {
            return '';
        }
    }

    /** Toki and grant stand last, and only when they are there. A grant without a toki is told as an empty toki. */
    public static function proofs(?string $toki, ?string $grant): string
    {
        if ($grant === null) {
            return $toki === null ? '' : Native::lp($toki);
        }
        return $toki === null ? '' : Native::lp($toki) . Native::lp($grant);
    }

    /** @return list<string> two bytes for every length below 256 */
    public static function lengths(): array
    {
        return self::$lp = self::$lp ?: array_map(static fn (int $length): string => pack('n', $length), range(0, 255));
    }
}
