<?php

declare(strict_types=1);

namespace Oscartoki;

/**
 * What this protocol refuses. Each name is a class in `Oscartoki\Errors`.
 *
 * On a client `mayHaveRun`, `signed` and `status` say what is known of the request.
 */
abstract class OscarError extends \RuntimeException implements ClientException
{
    /** The stable name of a class's errors. */
    public const NAME = 'error';

    /** The stable name, the same in every language. */
    public readonly string $errorName;

    /**
     * @param ?bool $mayHaveRun a client's: false only where it is certain that the request had no effect; null outside of a call
     * @param bool $signed a client's: whether the answer was authentic
     * @param ?int $status the HTTP status: of the answer that a client got, or the one that a service refuses with
     */
    final public function __construct(
        string $sentence = '',
        public readonly ?bool $mayHaveRun = null,
        public readonly bool $signed = false,
        public readonly ?int $status = null,
        ?string $errorName = null,
        ?\Throwable $previous = null,
    ) {
        $this->errorName = $errorName ?? static::NAME;
        $named = str_starts_with($sentence, $this->errorName);
        parent::__construct($named ? $sentence : rtrim("$this->errorName: $sentence", ': '), 0, $previous);
    }
}
