<?php

declare(strict_types=1);

namespace Oscartoki;

/** A handed-out session: one audience, its own sid, ten minutes at most; `oz2.` as text. */
final class Session extends Held
{
    /** From its text. Errors: malformed, wrong_kind. */
    public function __construct(#[\SensitiveParameter] string $text)
    {
        $ffi = Native::ffi();
        $made = static fn ($out, $room) => $ffi->oscar_session_parse($text, \strlen($text), $out, $room, null);
        $this->keep(Native::written($ffi->OSCAR_SESSION_MAX_LEN, $made));
    }

    /** The client's key id, 8 bytes. */
    public function kid(): string
    {
        return $this->claims()[0];
    }

    /** The session's id, 8 bytes. */
    public function sid(): string
    {
        return $this->claims()[1];
    }

    /** Its last second, since 1970. */
    public function expS(): int
    {
        return $this->claims()[2];
    }

    /** @return array{string, string, int} kid, sid, exp */
    private function claims(): array
    {
        $ffi = Native::ffi();
        $text = $this->toText();
        $claims = $ffi->new('oscar_grant_claims');
        $room = Native::room($ffi->OSCAR_SESSION_MAX_LEN);
        Native::check($ffi->oscar_session_parse($text, \strlen($text), $room, $ffi->OSCAR_SESSION_MAX_LEN, \FFI::addr($claims)));
        return [\FFI::string($claims->kid, 8), \FFI::string($claims->sid, 8), $claims->exp_s];
    }

    /** @return array<string, string|int> */
    public function __debugInfo(): array
    {
        return ['kid' => bin2hex($this->kid()), 'sid' => bin2hex($this->sid()), 'expS' => $this->expS()];
    }
}
