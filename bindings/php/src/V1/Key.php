<?php

declare(strict_types=1);

namespace Oscartoki\V1;

use Oscartoki\Clock;
use Oscartoki\Native;

/** A key of OscarToki v1: mints and verifies tokis and tokikeys. */
final class Key
{
    /** @var ?\WeakMap<Key, string> where no dump finds it */
    private static ?\WeakMap $keys = null;

    /** The key's bytes; an empty one is `weak_secret`. */
    public function __construct(#[\SensitiveParameter] string $key)
    {
        if ($key === '') {
            throw new \Oscartoki\Errors\WeakSecret('an empty key');
        }
        self::$keys ??= new \WeakMap();
        self::$keys[$this] = $key;
    }

    /** The newest toki that every original accepts at this clock. */
    public function mint(?int $nowMs = null): string
    {
        [$ffi, $key] = [Native::ffi(), self::$keys[$this]];
        $made = static fn ($out, $room) => $ffi->oscar_v1_mint($key, \strlen($key), $nowMs ?? Clock::wall(), $out, $room);
        return Native::written($ffi->OSCAR_ANSWER_TOKI_MAX_LEN, $made);
    }

    /**
     * Verifies a toki; its time in milliseconds.
     *
     * @param 'any'|'standard'|'java' $dialect
     */
    public function verify(string $toki, string $dialect = 'any', ?int $nowMs = null): int
    {
        [$ffi, $key] = [Native::ffi(), self::$keys[$this]];
        $ts = $ffi->new('int64_t[1]');
        $dialect = self::dialect($dialect);
        Native::check($ffi->oscar_v1_verify($key, \strlen($key), $toki, \strlen($toki), $dialect, $nowMs ?? Clock::wall(), $ts));
        return $ts[0];
    }

    /** The tokikey that answers a toki. */
    public function mintTokikey(string $toki, ?int $nowMs = null): string
    {
        [$ffi, $key] = [Native::ffi(), self::$keys[$this]];
        return Native::written($ffi->OSCAR_V1_TOKIKEY_MAX_LEN, static fn ($out, $room) => $ffi->oscar_v1_tokikey_mint(
            $key,
            \strlen($key),
            $toki,
            \strlen($toki),
            $nowMs ?? Clock::wall(),
            $out,
            $room,
        ));
    }

    /**
     * Verifies the tokikey of a toki.
     *
     * @param 'any'|'standard'|'java' $dialect
     */
    public function verifyTokikey(string $toki, string $tokikey, string $dialect = 'any', ?int $nowMs = null): void
    {
        $key = self::$keys[$this];
        Native::check(Native::ffi()->oscar_v1_tokikey_verify(
            $key,
            \strlen($key),
            $toki,
            \strlen($toki),
            $tokikey,
            \strlen($tokikey),
            self::dialect($dialect),
            $nowMs ?? Clock::wall(),
        ));
    }

    /**
     * A client with this key in the library.
     *
     * @internal
     */
    public function client(string $dialect): int
    {
        $key = self::$keys[$this];
        $handle = Native::handle();
        Native::check(Native::ffi()->oscar_v1_client_new($key, \strlen($key), self::dialect($dialect), $handle));
        return $handle[0];
    }

    /**
     * The number of a dialect's name.
     *
     * @internal
     */
    public static function dialect(string $name): int
    {
        return ['any' => 0, 'standard' => 1, 'java' => 2][$name] ?? throw new \ValueError('a dialect is any, standard or java');
    }

    public function __serialize(): array
    {
        throw new \LogicException('a key is key material and is not serialized');
    }

    private function __clone() {}
}
