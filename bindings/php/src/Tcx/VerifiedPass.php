<?php

declare(strict_types=1);

namespace Oscartoki\Tcx;

/** A pass that was verified. */
final class VerifiedPass
{
    /**
     * @param string $clientToken as it was written
     * @param 'documented'|'server4' $dialect
     * @param ?int $tsMs its time, in mode `time`
     */
    public function __construct(public readonly string $clientToken, public readonly string $dialect, public readonly ?int $tsMs) {}
}
