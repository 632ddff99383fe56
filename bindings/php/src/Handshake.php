<?php

declare(strict_types=1);

namespace Oscartoki;

/** The first step of OscarToki v1: nothing runs, `reply` is its answer. */
final class Handshake extends Verdict
{
    /**
     * The header oscartoki and the JSON body, once.
     *
     * @return array{string, string}
     */
    public function reply(): array
    {
        [$tokiRoom, $bodyRoom] = [$this->ffi->OSCAR_ANSWER_TOKI_MAX_LEN, $this->ffi->OSCAR_HANDSHAKE_BODY_MAX_LEN];
        [$toki, $body] = [Native::room($tokiRoom), Native::room($bodyRoom)];
        Native::check($this->ffi->oscar_service_handshake($this->spend(), $toki, $tokiRoom, $body, $bodyRoom));
        return [\FFI::string($toki), \FFI::string($body)];
    }

    /** @return array<string, string> */
    public function __debugInfo(): array
    {
        return ['kid' => bin2hex(substr($this->raw, self::KID, 8))];
    }
}
