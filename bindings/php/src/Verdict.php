<?php

declare(strict_types=1);

namespace Oscartoki;

use FFI;

/**
 * What a service says to a request: `VerifiedRequest`, `PendingBody`, `Refusal` or, of OscarToki v1, `Handshake`.
 */
abstract class Verdict
{
    // The library's struct: status, code, HTTP status (4 bytes each), flags (1 each), context, ts (8 each), kid, sid, nonce, authority.
    /** Its length. */
    final public const BYTES = 312;

    protected const CODE = 4;
    protected const HTTP_STATUS = 8;
    protected const WWW_AUTHENTICATE = 12;
    protected const IN_SESSION = 13;
    protected const WANT = 14;
    protected const VERSION = 15;
    protected const TS = 24;
    protected const KID = 32;
    protected const SID = 40;
    protected const NONCE = 48;
    protected const AUTHORITY = 56;

    private bool $spent = false;

    /** @internal */
    final public function __construct(protected FFI $ffi, protected string $raw, private int $context) {}

    final public function __destruct()
    {
        $this->spent || $this->ffi->oscar_verdict_free($this->context);
    }

    /**
     * The verdict in the library's struct.
     *
     * @internal
     */
    final public static function of(FFI $ffi, int $status, string $raw, int $context): self
    {
        return match (true) {
            $status === Native::OK => new VerifiedRequest($ffi, $raw, $context),
            $status === Native::PENDING => new PendingBody($ffi, $raw, $context),
            $status === Native::HANDSHAKE => new Handshake($ffi, $raw, $context),
            default => new Refusal($ffi, $raw, $context),
        };
    }

    /**
     * What the one call that answers takes; the second time the library says `replayed`.
     *
     * @internal
     */
    final public function spend(): int
    {
        $this->spent = true;
        return $this->context;
    }

    /** Whether the request may run. */
    public function accepted(): bool
    {
        return false;
    }

    /** Why it is refused. */
    public function error(): ?OscarError
    {
        return null;
    }

    /** Raises the refusal, if it is one. */
    final public function throwForRefusal(): void
    {
        $error = $this->error();
        if ($error !== null) {
            throw $error;
        }
    }

    /** The protocol that it speaks: 2, or 1 for OscarToki v1. */
    final public function version(): int
    {
        return \ord($this->raw[self::VERSION]);
    }

    final protected function number(int $place): int
    {
        return unpack('l', $this->raw, $place)[1];
    }

    final protected function flag(int $place): bool
    {
        return $this->raw[$place] === "\1";
    }

    private function __clone() {}
}
