<?php

declare(strict_types=1);

namespace Oscartoki;

/** What a client and the key registry hold: 32 random bytes, `os2.` as text. */
final class Secret extends Held
{
    /** From its text. Errors: malformed, wrong_kind, weak_secret. */
    public function __construct(#[\SensitiveParameter] string $text)
    {
        $ffi = Native::ffi();
        $this->keep(Native::written($ffi->OSCAR_SECRET_MAX_LEN, static fn ($out, $room) => $ffi->oscar_secret_parse($text, \strlen($text), $out, $room)));
    }

    /** A new random secret. */
    public static function generate(): self
    {
        $ffi = Native::ffi();
        return self::of(Native::written($ffi->OSCAR_SECRET_MAX_LEN, static fn ($out, $room) => $ffi->oscar_secret_generate($out, $room)));
    }

    /** A secret from exactly 32 random bytes, else `weak_secret`. */
    public static function fromBytes(#[\SensitiveParameter] string $bytes): self
    {
        $ffi = Native::ffi();
        $made = static fn ($out, $room) => $ffi->oscar_secret_from_bytes($bytes, \strlen($bytes), $out, $room);
        return self::of(Native::written($ffi->OSCAR_SECRET_MAX_LEN, $made));
    }

    /** The key id of a generation: public, 8 bytes. */
    public function kid(int $generation = 0): string
    {
        $text = $this->toText();
        $kid = Native::room(8);
        Native::check(Native::ffi()->oscar_secret_kid($text, \strlen($text), $generation, $kid));
        return \FFI::string($kid, 8);
    }

    /** What one service gets. */
    public function audienceKey(string $audience, int $generation = 0): AudienceKey
    {
        $ffi = Native::ffi();
        $text = $this->toText();
        $made = static fn ($out, $room) => $ffi->oscar_secret_audience_key(
            $text,
            \strlen($text),
            $audience,
            \strlen($audience),
            $generation,
            $out,
            $room,
        );
        return AudienceKey::of(Native::written($ffi->OSCAR_AUDIENCE_KEY_MAX_LEN, $made));
    }

    /** @return array<string, string> */
    public function __debugInfo(): array
    {
        return ['kid' => bin2hex($this->kid())];
    }
}
