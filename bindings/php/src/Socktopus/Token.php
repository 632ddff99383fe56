<?php

declare(strict_types=1);

namespace Oscartoki\Socktopus;

use FFI;
use Oscartoki\Clock;
use Oscartoki\Native;

/** What opens one websocket at a hub, within 5 s: an app (`shop` for `SHOP_SOCKTOPUS_SECRET`) and the connection's id. */
final class Token
{
    /** @var array<string, int> the newest time by app and connection, as far as it may come again */
    private static array $newest = [];

    /** @internal */
    public function __construct(public readonly string $app, public readonly string $connection, public readonly int $tsMs) {}

    /** Mints a token; without `tsMs` now, and never one text twice in this process. Errors: weak_secret (an empty one), unsignable. */
    public static function mint(#[\SensitiveParameter] string $secret, string $app, string $connection, ?int $tsMs = null): string
    {
        $ffi = Native::ffi();
        $tsMs ??= self::fresh("$app\0$connection");
        return Native::written($ffi->OSCAR_SOCKTOPUS_TOKEN_MAX_LEN, static fn ($out, $room) => $ffi->oscar_socktopus_mint(
            $secret,
            \strlen($secret),
            $app,
            \strlen($app),
            $connection,
            \strlen($connection),
            $tsMs,
            $out,
            $room,
        ));
    }

    private static function fresh(string $whose): int
    {
        $now = Clock::wall();
        if (\count(self::$newest) >= 1000) {
            self::$newest = array_filter(self::$newest, static fn (int $ts): bool => $ts >= $now);
        }
        return self::$newest[$whose] = max($now, (self::$newest[$whose] ?? 0) + 1);
    }

    /**
     * Verifies a token, without memory: `replayed` and kicked are the hub's to know. Errors, in this order: malformed, unknown_key, bad_mac, stale.
     *
     * @param array<string, string> $secrets by app; an empty one is none
     */
    public static function verify(#[\SensitiveParameter] array $secrets, string $token, ?int $nowMs = null): self
    {
        $ffi = Native::ffi();
        [$handle, $found] = [Native::handle(), $ffi->new('oscar_socktopus_token[1]')];
        Native::check($ffi->oscar_socktopus_secrets_new($handle));
        try {
            foreach (array_filter($secrets, static fn (string $secret): bool => $secret !== '') as $app => $secret) {
                $app = (string) $app;
                Native::check($ffi->oscar_socktopus_secrets_add($handle[0], $app, \strlen($app), $secret, \strlen($secret)));
            }
            Native::check($ffi->oscar_socktopus_verify($handle[0], $token, \strlen($token), $nowMs ?? Clock::wall(), $found));
        } finally {
            $ffi->oscar_socktopus_secrets_free($handle[0]);
        }
        $told = $found[0];
        return new self(FFI::string($told->app, $told->app_len), FFI::string($told->connection, $told->connection_len), $told->ts_ms);
    }
}
