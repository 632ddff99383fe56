<?php

declare(strict_types=1);

namespace Oscartoki;

/** The keys of a service for one audience, who is revoked, and whose OscarToki v1 is still on. */
final class Keyring
{
    private int $handle = 0;
    private bool $lent = false;

    /** An empty ring for one audience, used byte for byte. */
    public function __construct(private readonly string $audience)
    {
        $handle = Native::handle();
        Native::check(Native::ffi()->oscar_keyring_new($audience, \strlen($audience), $handle));
        $this->handle = $handle[0];
    }

    public function __destruct()
    {
        if ($this->handle !== 0 && !$this->lent) {
            Native::ffi()->oscar_keyring_free($this->handle);
        }
    }

    /** The audience of its keys. */
    public function audience(): string
    {
        return $this->audience;
    }

    /** Adds a key, or what one line of a key file says: `oa2.…`, `oa2.… kid=HEX`, `v1 until=… dialect=any key=HEX kid=HEX`. */
    public function add(#[\SensitiveParameter] AudienceKey|string $key): void
    {
        $line = trim($key instanceof AudienceKey ? $key->toText() : $key);
        Native::check(Native::ffi()->oscar_keyring_add($this->handle, $line, \strlen($line)));
    }

    /** Switches OscarToki v1 on for a client (`kid`, 8 bytes) until a time. */
    public function addV1(string $kid, #[\SensitiveParameter] string $key, int $untilMs, string $dialect = 'any'): void
    {
        $ring = Native::ffi();
        Native::check($ring->oscar_keyring_add_v1($this->handle, Native::id($kid), $key, \strlen($key), $untilMs, V1\Key::dialect($dialect)));
    }

    /** Replaces all keys by those of a key file's text, at once or not at all. */
    public function load(#[\SensitiveParameter] string $text): void
    {
        Native::check(Native::ffi()->oscar_keyring_load($this->handle, $text, \strlen($text)));
    }

    /** Replaces the revocations by those of a file's text, at once or not at all; marks never fall. */
    public function loadRevocations(string $text): void
    {
        Native::check(Native::ffi()->oscar_keyring_load_revocations($this->handle, $text, \strlen($text)));
    }

    /** What a key file's text would be refused for, with its line; null: it is good. */
    public function faultInKeys(#[\SensitiveParameter] string $text): ?string
    {
        try {
            (new self($this->audience))->load($text);
            return null;
        } catch (OscarError $fault) {
            return $fault->getMessage();
        }
    }

    /** Revokes a kid at once; the line that a file of revocations gets. */
    public function revokeKey(string $kid): string
    {
        return $this->line(static fn ($ffi, $ring, $out, $room) => $ffi->oscar_keyring_revoke_key($ring, Native::id($kid), $out, $room));
    }

    /** Revokes one session at once; the line that a file of revocations gets. */
    public function revokeSession(string $kid, string $sid): string
    {
        return $this->line(
            static fn ($ffi, $ring, $out, $room) => $ffi->oscar_keyring_revoke_session($ring, Native::id($kid), Native::id($sid), $out, $room),
        );
    }

    /** Revokes the sessions of a kid that were issued before a second; the line that a file of revocations gets. */
    public function revokeIssuedBefore(string $kid, int $beforeS): string
    {
        return $this->line(
            static fn ($ffi, $ring, $out, $room) => $ffi->oscar_keyring_revoke_issued_before($ring, Native::id($kid), $beforeS, $out, $room),
        );
    }

    /** All revocations in force, as the text of a file. */
    public function revocationsText(): string
    {
        $text = Native::handle();
        Native::check(Native::ffi()->oscar_keyring_revocations($this->handle, $text));
        return Native::text($text[0]);
    }

    /**
     * The kids held, sorted.
     *
     * @return list<string> 8 bytes each
     */
    public function kids(): array
    {
        $text = Native::handle();
        Native::check(Native::ffi()->oscar_keyring_kids($this->handle, $text));
        return array_map(hex2bin(...), array_values(array_filter(explode("\n", Native::text($text[0])), strlen(...))));
    }

    /** Whether a key stands under this kid. */
    public function holds(string $kid): bool
    {
        return Native::ffi()->oscar_keyring_holds($this->handle, Native::id($kid)) === 1;
    }

    /** Whether OscarToki v1 is on for anybody. */
    public function hasV1(): bool
    {
        return Native::ffi()->oscar_keyring_has_v1($this->handle) === 1;
    }

    /**
     * The ring in the library.
     *
     * @internal
     */
    public function handle(): int
    {
        return $this->handle;
    }

    /**
     * The ring outlives this object.
     *
     * @internal
     */
    public function lend(): void
    {
        $this->lent = true;
    }

    /** @internal */
    public static function lent(string $audience, int $handle): self
    {
        $ring = (new \ReflectionClass(self::class))->newInstanceWithoutConstructor();
        [$ring->audience, $ring->handle, $ring->lent] = [$audience, $handle, true];
        return $ring;
    }

    /** @param callable(\FFI, int, \FFI\CData, int): int $call */
    private function line(callable $call): string
    {
        $ffi = Native::ffi();
        return Native::written($ffi->OSCAR_REVOCATION_MAX_LEN, fn ($out, $room) => $call($ffi, $this->handle, $out, $room));
    }

    /** @return array<string, string|list<string>> */
    public function __debugInfo(): array
    {
        return ['audience' => $this->audience, 'kids' => array_map(bin2hex(...), $this->kids())];
    }

    private function __clone() {}
}
