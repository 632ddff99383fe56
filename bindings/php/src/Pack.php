<?php

declare(strict_types=1);

namespace Oscartoki;

/**
 * Packed fields: two bytes of length, then the bytes, one after another. What fits nowhere is unsignable.
 *
 * @internal
 */
final class Pack
{
    /** @var list<string> */
    private static array $lengths = [];

    /**
     * The two bytes of every length below 256.
     *
     * @return list<string>
     */
    public static function lengths(): array
    {
        return self::$lengths = self::$lengths ?: array_map(static fn (int $length): string => pack('n', $length), range(0, 255));
    }

    /** One field. */
    public static function lp(string $field): string
    {
        $length = \strlen($field);
        if ($length > 65_535) {
            throw new Errors\Unsignable('a field longer than 65,535 bytes', mayHaveRun: false);
        }
        return pack('n', $length) . $field;
    }

    /** The fields of a request. */
    public static function request(string $method, string $authority, string $target, string $ext = '', ?string $digest = null): string
    {
        return self::lp($method) . self::lp($authority) . self::lp($target) . self::lp($ext) . self::digest($digest);
    }

    /** The field of a content digest. */
    public static function digest(?string $digest): string
    {
        if ($digest !== null && \strlen($digest) !== 32) {
            throw new \ValueError('a digest is the 32 bytes of a SHA-256');
        }
        return self::lp($digest ?? '');
    }

    /** Toki and grant stand last, and only when they are there. */
    public static function proofs(?string $toki, ?string $grant): string
    {
        return $toki === null ? '' : self::lp($toki) . ($grant === null ? '' : self::lp($grant));
    }

    /**
     * Header fields in order.
     *
     * @param iterable<array<string>|string> $headers `[name, value]` pairs, or one value or several by name
     */
    public static function headers(iterable $headers): string
    {
        $packed = '';
        foreach ($headers as $name => $field) {
            // Several values of one name, as PSR-7 has them, or a pair.
            $pairs = match (true) {
                !\is_array($field) => [[(string) $name, $field]],
                \is_string($name) => array_map(static fn (string $value): array => [$name, $value], $field),
                default => [$field],
            };
            foreach ($pairs as [$each, $value]) {
                $packed .= self::lp($each) . self::lp($value);
            }
        }
        return $packed;
    }

    /** An HTTP status as two bytes. */
    public static function status(int $status): string
    {
        if ($status < 0 || $status > 65_535) {
            throw new Errors\Unsignable('a status that is no HTTP status', mayHaveRun: false);
        }
        return pack('n', $status);
    }

    /**
     * What arrived: where it fits nowhere it is empty, and the call that gets it refuses.
     *
     * @param callable(): string $pack
     */
    public static function arrived(callable $pack): string
    {
        try {
            return $pack();
        } catch (Errors\Unsignable) {
            return '';
        }
    }
}
