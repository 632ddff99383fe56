<?php

declare(strict_types=1);

/** A websocket as far as the tests need one: short texts, closes. PHP has none; this is no client for use. */
final class WebSocket
{
    public readonly int $status;
    /** @var resource */
    private mixed $wire;

    public function __construct(string $address, string ...$headers)
    {
        preg_match('~^ws://([^/]+)(/.*)$~', $address, $parts);
        [, $host, $target] = $parts;
        $this->wire = stream_socket_client("tcp://$host", timeout: 10);
        stream_set_timeout($this->wire, 25);
        $lines = ["GET $target HTTP/1.1", "Host: $host", 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13',
            'Sec-WebSocket-Key: ' . base64_encode(random_bytes(16)), ...$headers];
        fwrite($this->wire, implode("\r\n", $lines) . "\r\n\r\n");
        $this->status = (int) substr((string) fgets($this->wire), 9, 3);
        while (trim((string) fgets($this->wire)) !== '') {
        }
    }

    public function send(string $text): void
    {
        $size = strlen($text);
        $length = $size < 126 ? chr(0x80 | $size) : "\xfe" . pack('n', $size);
        $mask = random_bytes(4);
        fwrite($this->wire, "\x81$length$mask" . ($text ^ substr(str_repeat($mask, intdiv($size, 4) + 1), 0, $size)));
    }

    /** The next text, or `close CODE`. */
    public function hear(): string
    {
        [$first, $size] = array_values(unpack('C2', $this->exactly(2)));
        $size = $size < 126 ? $size : unpack('n', $this->exactly(2))[1];
        $data = $this->exactly($size);
        return ($first & 15) === 8 ? 'close ' . (unpack('n', $data)[1] ?? 0) : $data;
    }

    private function exactly(int $bytes): string
    {
        $data = $bytes === 0 ? '' : stream_get_contents($this->wire, $bytes);
        return strlen((string) $data) === $bytes ? $data : throw new RuntimeException('the connection broke off');
    }
}
