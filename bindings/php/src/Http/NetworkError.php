<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\ClientException;

/** No answer came. */
final class NetworkError extends \RuntimeException implements ClientException
{
    /** @param bool $mayHaveRun false only where it is certain that the request had no effect */
    public function __construct(string $sentence, public readonly bool $mayHaveRun = true)
    {
        parent::__construct($sentence);
    }
}
