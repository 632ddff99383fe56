<?php

declare(strict_types=1);

namespace Oscartoki;

/** A message that was signed: `toki` is its header, `acceptReply` judges its one RPC reply. */
final class SignedMessage
{
    /** @internal */
    public function __construct(private readonly string $toki, private readonly int $context) {}

    public function __destruct()
    {
        Native::ffi()->oscar_message_free($this->context);
    }

    /** The header oscartoki. */
    public function toki(): string
    {
        return $this->toki;
    }

    /** Accepts the reply, once; the consumer's time in milliseconds. */
    public function acceptReply(?string $toki, string $body = '', string $ext = ''): int
    {
        $reply = Pack::lp($ext) . Pack::proofs($toki, null);
        $ts = Native::ffi()->new('int64_t[1]');
        Native::check(Native::ffi()->oscar_message_accept_reply($this->context, $reply, \strlen($reply), $body, \strlen($body), $ts));
        return $ts[0];
    }

    private function __clone() {}
}
