<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Psr\Http\Message\StreamInterface;

/**
 * A PSR-7 body that is at hand.
 *
 * @internal
 */
final class Text implements StreamInterface
{
    private int $place = 0;

    public function __construct(private readonly string $text) {}

    /** A stream's content from its beginning, at most so many bytes; a stream that can is put back to it. */
    public static function take(StreamInterface $stream, int $most): string
    {
        $stream->isSeekable() && $stream->rewind();
        $text = '';
        while (\strlen($text) < $most && !$stream->eof()) {
            $chunk = $stream->read(min(65_536, $most - \strlen($text)));
            if ($chunk === '' && $stream->eof()) {
                break;
            }
            $text .= $chunk;
        }
        $stream->isSeekable() && $stream->rewind();
        return $text;
    }

    public function __toString(): string
    {
        return $this->text;
    }

    public function close(): void {}

    public function detach()
    {
        return null;
    }

    public function getSize(): ?int
    {
        return \strlen($this->text);
    }

    public function tell(): int
    {
        return $this->place;
    }

    public function eof(): bool
    {
        return $this->place >= \strlen($this->text);
    }

    public function isSeekable(): bool
    {
        return true;
    }

    public function seek($offset, $whence = SEEK_SET): void
    {
        $place = $offset + [SEEK_SET => 0, SEEK_CUR => $this->place, SEEK_END => \strlen($this->text)][$whence];
        if ($place < 0) {
            throw new \RuntimeException('a place before the beginning');
        }
        $this->place = $place;
    }

    public function rewind(): void
    {
        $this->place = 0;
    }

    public function isWritable(): bool
    {
        return false;
    }

    public function write($string): int
    {
        throw new \RuntimeException('what was verified is not written to');
    }

    public function isReadable(): bool
    {
        return true;
    }

    public function read($length): string
    {
        $chunk = substr($this->text, $this->place, $length);
        $this->place += \strlen($chunk);
        return $chunk;
    }

    public function getContents(): string
    {
        return $this->read(\strlen($this->text));
    }

    public function getMetadata($key = null)
    {
        return $key === null ? [] : null;
    }
}
