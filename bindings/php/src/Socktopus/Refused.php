<?php

declare(strict_types=1);

namespace Oscartoki\Socktopus;

use Oscartoki\ClientException;

/** A hub refused; `status` is its HTTP status. */
final class Refused extends \RuntimeException implements ClientException
{
    public function __construct(public readonly int $status, string $sentence)
    {
        parent::__construct("$status: $sentence", $status);
    }

    /** @internal */
    public static function of(int $status, string $body): self
    {
        $told = json_decode($body, true)['message'] ?? null;
        return new self($status, \is_string($told) ? $told : 'this is no answer of a hub');
    }
}
