<?php

declare(strict_types=1);

namespace Oscartoki\V1;

use Oscartoki\Clock;
use Oscartoki\Native;

/** The two steps of one request: a GET that fetches the tokikey, then the request itself. */
final class Exchange
{
    private ?string $tokikey = null;

    /** @internal */
    public function __construct(private readonly int $handle, private readonly string $toki) {}

    public function __destruct()
    {
        Native::ffi()->oscar_v1_exchange_free($this->handle);
    }

    /**
     * What the next step carries.
     *
     * @return array<string, string>
     */
    public function headers(): array
    {
        return $this->tokikey === null ? ['oscartoki' => $this->toki] : ['oscartoki' => $this->toki, 'oscartokikey' => $this->tokikey];
    }

    /** Accepts the answer to the first step, once: the tokikey. */
    public function acceptFirst(string $body, ?string $toki, ?int $nowMs = null): string
    {
        $ffi = Native::ffi();
        $accept = fn ($out, $room) => $ffi->oscar_v1_exchange_accept_first(
            $this->handle,
            $body,
            \strlen($body),
            $toki,
            \strlen($toki ?? ''),
            $nowMs ?? Clock::wall(),
            $out,
            $room,
        );
        return $this->tokikey = Native::written($ffi->OSCAR_V1_TOKIKEY_MAX_LEN, $accept);
    }

    /** Accepts the answer to the second step, once. It proves that the service holds the key, not what it wrote. */
    public function acceptSecond(?string $toki, ?int $nowMs = null): void
    {
        $now = $nowMs ?? Clock::wall();
        Native::check(Native::ffi()->oscar_v1_exchange_accept_second($this->handle, $toki, \strlen($toki ?? ''), $now));
    }

    private function __clone() {}
}
