<?php

declare(strict_types=1);

namespace Oscartoki;

/** What a service holds for one client, audience and generation; `oa2.` as text. */
final class AudienceKey extends Held
{
    /** From its text. Errors: malformed, wrong_kind, weak_secret. */
    public function __construct(#[\SensitiveParameter] string $text)
    {
        $this->keep(self::parsed($text, null));
    }

    /** The same key under another, registered kid of 8 bytes. */
    public function withKid(string $kid): self
    {
        return self::of(self::parsed($this->toText(), Native::id($kid)));
    }

    /** The key id: public, 8 bytes. */
    public function kid(): string
    {
        $text = $this->toText();
        $kid = Native::room(8);
        Native::check(Native::ffi()->oscar_audience_key_read($text, \strlen($text), $kid, null));
        return \FFI::string($kid, 8);
    }

    private static function parsed(#[\SensitiveParameter] string $text, ?\FFI\CData $kid): string
    {
        $ffi = Native::ffi();
        $made = static fn ($out, $room) => $ffi->oscar_audience_key_parse($text, \strlen($text), $kid, $out, $room);
        return Native::written($ffi->OSCAR_AUDIENCE_KEY_MAX_LEN, $made);
    }

    /** @return array<string, string> */
    public function __debugInfo(): array
    {
        return ['kid' => bin2hex($this->kid())];
    }
}
