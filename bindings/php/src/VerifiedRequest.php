<?php

declare(strict_types=1);

namespace Oscartoki;

/** Authentic, fresh and allowed: it may run. */
final class VerifiedRequest extends Verdict
{
    public function accepted(): bool
    {
        return true;
    }

    /** The client's key id, 8 bytes. */
    public function kid(): string
    {
        return substr($this->raw, self::KID, 8);
    }

    /** The session's id, 8 bytes; null outside of a session. */
    public function sid(): ?string
    {
        return $this->flag(self::IN_SESSION) ? substr($this->raw, self::SID, 8) : null;
    }

    /** The name that it was sent to, normalised. */
    public function authority(): string
    {
        return (string) strstr(substr($this->raw, self::AUTHORITY), "\0", true);
    }

    /** When it was signed, by the client's corrected clock. */
    public function tsMs(): int
    {
        return unpack('q', $this->raw, self::TS)[1];
    }

    /** The nonce, 8 bytes. */
    public function nonce(): string
    {
        return substr($this->raw, self::NONCE, 8);
    }

    /** Whether it asks for a grant. */
    public function want(): bool
    {
        return $this->flag(self::WANT);
    }

    /** @return array<string, mixed> */
    public function __debugInfo(): array
    {
        $sid = $this->sid();
        return ['kid' => bin2hex($this->kid()), 'sid' => $sid === null ? null : bin2hex($sid), 'authority' => $this->authority()];
    }
}
