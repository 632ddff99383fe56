<?php

declare(strict_types=1);

namespace Oscartoki\Tcx;

/** What an authority says to a call, always with HTTP status 200; `json_encode` writes it as it travels. */
final class Verdict implements \JsonSerializable
{
    /**
     * @param int $status 1 for TCXSSS, else 0
     * @param string $statusNumber `505003` and the like
     * @param string $statusCode `TCXPFX` and the like
     * @param string $statusMessage the sentence that goes with it
     */
    public function __construct(
        public readonly int $status,
        public readonly string $statusNumber,
        public readonly string $statusCode,
        public readonly string $statusMessage,
    ) {}

    /** @return array{status: int, status_number: string, status_code: string, status_message: string} */
    public function jsonSerialize(): array
    {
        return [
            'status' => $this->status,
            'status_number' => $this->statusNumber,
            'status_code' => $this->statusCode,
            'status_message' => $this->statusMessage,
        ];
    }

    /**
     * From the library; null: there is none.
     *
     * @internal
     */
    public static function of(\FFI\CData $told): ?self
    {
        [$number, $code, $sentence] = [\FFI::string($told->number), \FFI::string($told->code), \FFI::string($told->sentence)];
        return $code === '' ? null : new self($told->status, $number, $code, $sentence);
    }
}
