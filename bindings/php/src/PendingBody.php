<?php

declare(strict_types=1);

namespace Oscartoki;

/** As good, but for its content, which Content-Digest named: read it, then `finish`. */
final class PendingBody extends Verdict
{
    /** Compares what arrived, or its SHA-256 (32 bytes), with what was signed; once. */
    public function finish(?string $body = null, ?string $digest = null): Verdict
    {
        $hashed = $digest === null ? null : Native::bytes(\strlen($digest) === 32 ? $digest : throw new \ValueError('a digest has 32 bytes'));
        $verdict = $this->ffi->new('oscar_verdict[1]');
        $content = $digest === null ? (string) $body : '';
        $status = $this->ffi->oscar_service_finish($this->spend(), $content, \strlen($content), $hashed, $verdict);
        return $this->become($status, $verdict);
    }

    /** The body is over the limit. */
    public function tooLarge(): Refusal
    {
        $verdict = $this->ffi->new('oscar_verdict[1]');
        $refusal = $this->become($this->ffi->oscar_service_too_large($this->spend(), $verdict), $verdict);
        return $refusal instanceof Refusal ? $refusal : throw new \LogicException('a body over the limit is refused');
    }

    private function become(int $status, \FFI\CData $verdict): Verdict
    {
        return self::of($this->ffi, $status, \FFI::string($this->ffi->cast('char[' . self::BYTES . ']', $verdict), self::BYTES), $verdict[0]->context);
    }

    /** @return array<string, string> */
    public function __debugInfo(): array
    {
        return ['kid' => bin2hex(substr($this->raw, self::KID, 8))];
    }
}
