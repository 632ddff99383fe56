<?php

declare(strict_types=1);

namespace Oscartoki;

/** A ticket that was verified, and is spent. */
final class VerifiedTicket
{
    /**
     * @param string $kid the client's key id, 8 bytes
     * @param string $connection the connection id
     * @param int $tsMs when it was minted
     * @param bool $originBound whether it was bound to the Origin
     */
    public function __construct(
        public readonly string $kid,
        public readonly string $connection,
        public readonly int $tsMs,
        public readonly bool $originBound,
    ) {}
}
