<?php

declare(strict_types=1);

namespace Oscartoki;

/** One signed request, or the probe that must go before it (`isProbe`): `toki` and `grant` are its headers. Its answer is accepted once. */
final class SignedRequest
{
    private bool $spent = false;

    /**
     * @param string $raw the library's struct: toki, grant, whether it is a probe
     *
     * @internal
     */
    public function __construct(private \FFI $ffi, private string $raw, private int $context) {}

    public function __destruct()
    {
        $this->spent || $this->ffi->oscar_sign_context_free($this->context);
    }

    /** The header oscartoki. */
    public function toki(): string
    {
        return substr($this->raw, 0, 58);
    }

    /** The header oscartokikey; null outside of a session, then it is not sent. */
    public function grant(): ?string
    {
        return $this->raw[59] === "\0" ? null : substr($this->raw, 59, 47);
    }

    /**
     * What to send: oscartoki and, in a session, oscartokikey.
     *
     * @return array<string, string>
     */
    public function headers(): array
    {
        $grant = $this->grant();
        return $grant === null ? ['oscartoki' => $this->toki()] : ['oscartoki' => $this->toki(), 'oscartokikey' => $grant];
    }

    /** Whether this signs a probe: HEAD, the same target and covered headers, no content; then sign again. */
    public function isProbe(): bool
    {
        return $this->raw[107] === "\1";
    }

    /** Whether it is signed in a session. */
    public function inSession(): bool
    {
        return $this->raw[59] !== "\0";
    }

    /**
     * The context for the one call that accepts; the second time it is still told, and the library says `replayed`.
     *
     * @internal
     */
    public function spend(): int
    {
        $this->spent = true;
        return $this->context;
    }

    /** @return array<string, bool> */
    public function __debugInfo(): array
    {
        return ['isProbe' => $this->isProbe(), 'inSession' => $this->inSession()];
    }

    private function __clone() {}
}
