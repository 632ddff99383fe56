<?php

declare(strict_types=1);

namespace Oscartoki;

/** A presigned URL that was verified. */
final class VerifiedUrl
{
    /**
     * @param string $kid the signer's key id, 8 bytes
     * @param int $expMs its last good millisecond
     * @param string $target what was signed, without the parameter
     */
    public function __construct(public readonly string $kid, public readonly int $expMs, public readonly string $target) {}
}
