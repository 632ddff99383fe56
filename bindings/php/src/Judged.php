<?php

declare(strict_types=1);

namespace Oscartoki;

/** What an answer says to who holds the key: see `Hazmat::accept`. */
final class Judged
{
    /** @param int $tsMs the service's clock when it was minted */
    public function __construct(public readonly Outcome $outcome, public readonly int $tsMs) {}
}
