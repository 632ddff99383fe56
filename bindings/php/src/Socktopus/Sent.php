<?php

declare(strict_types=1);

namespace Oscartoki\Socktopus;

use Oscartoki\Native;

/** What became of the messages of one `send`, each in its order. */
final class Sent
{
    /**
     * @param list<array{recipient: string, content: string}> $succeeded handed to a connection's queue
     * @param list<array{recipient: string, content: string}> $failed to nobody
     */
    public function __construct(public readonly array $succeeded, public readonly array $failed) {}

    /** Reads the body of a hub's answer. Error: malformed. */
    public static function parse(string $body): self
    {
        $ffi = Native::ffi();
        Native::check($ffi->oscar_socktopus_sent($body, \strlen($body), $ffi->new('size_t[1]'), $ffi->new('size_t[1]')));
        $told = json_decode($body, true);
        $plain = static fn (array $message): array => ['recipient' => $message['recipient'], 'content' => $message['content']];
        return new self(array_map($plain, $told['succeeded']), array_map($plain, $told['failed']));
    }
}
