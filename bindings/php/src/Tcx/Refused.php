<?php

declare(strict_types=1);

namespace Oscartoki\Tcx;

use Oscartoki\ClientException;

/** An authority refused a client's pass; `verdict` is what it said. */
final class Refused extends \RuntimeException implements ClientException
{
    public function __construct(public readonly Verdict $verdict)
    {
        parent::__construct("$verdict->statusCode ($verdict->statusNumber): $verdict->statusMessage");
    }
}
