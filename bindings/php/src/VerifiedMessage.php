<?php

declare(strict_types=1);

namespace Oscartoki;

/** A message that was verified. */
final class VerifiedMessage
{
    /**
     * @param string $kid the sender's key id, 8 bytes
     * @param int $tsMs when it was minted
     * @param int $ttlS its life
     * @param string $nonce 8 bytes
     * @param 'fresh'|'duplicate'|'unchecked' $freshness whether a consumer that shares the memory has seen it
     */
    private function __construct(
        private readonly int $context,
        public readonly string $kid,
        public readonly int $tsMs,
        public readonly int $ttlS,
        public readonly string $nonce,
        public readonly string $freshness,
    ) {}

    /** @internal */
    public static function of(\FFI\CData $told): self
    {
        $freshness = ['fresh', 'duplicate', 'unchecked'][$told->freshness];
        return new self($told->context, \FFI::string($told->kid, 8), $told->ts_ms, $told->ttl_s, \FFI::string($told->nonce, 8), $freshness);
    }

    public function __destruct()
    {
        Native::ffi()->oscar_message_free($this->context);
    }

    /** The toki of the RPC reply. */
    public function reply(string $body = '', string $ext = '', ?int $nowMs = null): string
    {
        $ffi = Native::ffi();
        return Native::written($ffi->OSCAR_TOKI_MAX_LEN, fn ($out, $room) => $ffi->oscar_message_reply(
            $this->context,
            $ext,
            \strlen($ext),
            $body,
            \strlen($body),
            $nowMs ?? Clock::wall(),
            $out,
            $room,
        ));
    }

    private function __clone() {}
}
