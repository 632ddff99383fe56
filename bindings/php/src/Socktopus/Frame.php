<?php

declare(strict_types=1);

namespace Oscartoki\Socktopus;

use Oscartoki\Native;

/** A text that a hub sent over a websocket. */
final class Frame
{
    /** What a client sends at least every 20 s; `Pings` says when. */
    public const PING = 'PING';

    /** What a client sends that leaves. */
    public const CLOSE = 'CLOSE';

    /**
     * @param 'data'|'pong'|'close'|'other' $kind a message; the answer to a ping; the hub ends the connection; what a client ignores
     * @param ?string $content the message
     */
    public function __construct(public readonly string $kind, public readonly ?string $content = null) {}

    /** Reads a hub's text. */
    public static function parse(string $text): self
    {
        $ffi = Native::ffi();
        [$kind, $at] = [$ffi->new('uint32_t[1]'), $ffi->new('size_t[1]')];
        Native::check($ffi->oscar_socktopus_frame($text, \strlen($text), $kind, $at));
        $name = ['other', 'data', 'pong', 'close'][$kind[0]];
        return new self($name, $name === 'data' ? substr($text, $at[0]) : null);
    }
}
