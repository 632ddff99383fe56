<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\Step;

/** An HTTP answer that was accepted. */
final class Answer
{
    /**
     * @param list<array{string, string}> $headers in order
     * @param ?Step $step how it was got: `$step->outcome`, requests, probed, resent, in session
     */
    public function __construct(
        public readonly int $status,
        public readonly array $headers,
        public readonly string $body,
        public readonly ?Step $step = null,
    ) {}

    /** The values of a header, joined by `, `; null: there is none. */
    public function header(string $name): ?string
    {
        $values = [];
        foreach ($this->headers as [$given, $value]) {
            if (strcasecmp($given, $name) === 0) {
                $values[] = $value;
            }
        }
        return $values === [] ? null : implode(', ', $values);
    }
}
