<?php

declare(strict_types=1);

namespace Oscartoki;

// What a PSR-18 client throws is caught by that name; where PSR-18 is not installed, the name is ours alone.
if (interface_exists(\Psr\Http\Client\ClientExceptionInterface::class)) {
    /** An error of this package. */
    interface ClientException extends \Psr\Http\Client\ClientExceptionInterface {}
} else {
    /** An error of this package. */
    interface ClientException extends \Throwable {}
}
