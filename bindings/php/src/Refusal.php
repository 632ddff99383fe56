<?php

declare(strict_types=1);

namespace Oscartoki;

/** It must not run. Signed (`code`) where its MAC was good, else it names itself in the header oscartoki-error. */
final class Refusal extends Verdict
{
    /** The name of the error. */
    public function name(): string
    {
        return Native::nameOf($this->number(0));
    }

    /** The code of the answer's toki; null: the answer gets none. */
    public function code(): ?int
    {
        $code = $this->number(self::CODE);
        return $code < 0 ? null : $code;
    }

    /** The HTTP status that it is answered with. */
    public function status(): int
    {
        return $this->number(self::HTTP_STATUS);
    }

    /** Whether the answer carries a toki. */
    public function signed(): bool
    {
        return $this->number(self::CODE) >= 0;
    }

    /** Whether the answer carries `WWW-Authenticate: oscartoki`. */
    public function wwwAuthenticate(): bool
    {
        return $this->flag(self::WWW_AUTHENTICATE);
    }

    public function error(): OscarError
    {
        return Native::error($this->number(0), '', null, $this->signed(), $this->status());
    }

    /** @return array<string, mixed> */
    public function __debugInfo(): array
    {
        return ['name' => $this->name(), 'status' => $this->status(), 'signed' => $this->signed()];
    }
}
