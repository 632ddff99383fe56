<?php

declare(strict_types=1);

namespace Oscartoki;

/** What became of a request, as far as the client can know. */
final class Outcome
{
    /** Why the answer is refused; null: it is accepted. */
    public readonly ?OscarError $error;

    /** The name of the error. */
    public readonly ?string $name;

    /**
     * @param ?int $code the code of an authentic answer, 0 to 7
     * @param ?int $status the HTTP status; null when no answer came
     * @param bool $mayHaveRun false only where it is certain that the request had no effect
     * @param bool $signed whether the answer is authentic
     * @param bool $resend whether to sign and send once more, with `resend: true`
     * @param ?int $offsetMs how far the service's clock is ahead
     * @param ?string $adoptedSid the session id of an adopted grant, 8 bytes
     * @param ?string $grantError `bad_grant` when the answer's grant was dropped
     * @param bool $contentAuthentic whether the content, or that there is none, is authentic
     * @param bool $isProbe whether this is the outcome of a probe
     */
    private function __construct(
        int $error,
        public readonly ?int $code,
        public readonly ?int $status,
        public readonly bool $mayHaveRun,
        public readonly bool $signed,
        public readonly bool $resend,
        public readonly ?int $offsetMs,
        public readonly ?string $adoptedSid,
        public readonly ?string $grantError,
        public readonly bool $contentAuthentic,
        public readonly bool $isProbe,
    ) {
        $this->name = $error === Native::OK ? null : Native::nameOf($error);
        $this->error = $error === Native::OK ? null : Native::error($error, '', $mayHaveRun, $signed, $status);
    }

    /**
     * Out of the library's struct.
     *
     * @internal
     */
    public static function of(\FFI\CData $told): self
    {
        return new self(
            $told->status,
            $told->code < 0 ? null : $told->code,
            $told->http_status < 0 ? null : $told->http_status,
            $told->may_have_run === 1,
            $told->authentic === 1,
            $told->resend === 1,
            $told->has_offset === 1 ? $told->offset_ms : null,
            $told->adopted === 1 ? \FFI::string($told->sid, 8) : null,
            $told->grant_error === Native::OK ? null : Native::nameOf($told->grant_error),
            $told->content_authentic === 1,
            $told->probe === 1,
        );
    }

    /** Raises the error, if there is one. */
    public function throwForRefusal(): void
    {
        if ($this->error !== null) {
            throw $this->error;
        }
    }
}
