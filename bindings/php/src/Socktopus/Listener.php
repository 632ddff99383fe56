<?php

declare(strict_types=1);

namespace Oscartoki\Socktopus;

use Oscartoki\Http\NetworkError;

/**
 * One connection to the hub of `oscar serve` as server-sent events: `foreach ($listener as $content)` until the hub ends it, or `next` for a
 * moment at a time. `close`, or letting it go, leaves.
 *
 * @implements \IteratorAggregate<int, string>
 */
final class Listener implements \IteratorAggregate
{
    /** The hub shows every 15 s that it is there. */
    private const DEAD_S = 40;
    /** A message and its event are at most so long. */
    private const MOST = 8 << 20;

    private ?\CurlHandle $curl;
    private readonly \CurlMultiHandle $multi;
    private int $status = 0;
    private string $arrived = '';
    private ?int $code = null;

    /** @var list<string> */
    private array $messages = [];

    /**
     * @param array<int, mixed> $curl further CURLOPT_…
     *
     * @internal
     */
    public function __construct(string $address, array $curl)
    {
        $this->multi = curl_multi_init();
        $this->curl = curl_init();
        $held = \WeakReference::create($this);
        curl_setopt_array($this->curl, $curl + [\CURLOPT_CONNECTTIMEOUT => 10, \CURLOPT_LOW_SPEED_LIMIT => 1, \CURLOPT_LOW_SPEED_TIME => self::DEAD_S]);
        curl_setopt_array($this->curl, [
            \CURLOPT_URL => $address,
            \CURLOPT_HTTPHEADER => ['Accept: text/event-stream'],
            \CURLOPT_FOLLOWLOCATION => false,
            \CURLOPT_WRITEFUNCTION => static fn (\CurlHandle $curl, string $chunk): int => $held->get()?->wrote($chunk) ?? -1,
        ]);
        curl_multi_add_handle($this->multi, $this->curl);
        // Joined, or refused, when this returns.
        while ($this->status === 0 && $this->turn(1.0)) {
            $this->status = curl_getinfo($this->curl, \CURLINFO_RESPONSE_CODE);
        }
        if ($this->status !== 200) {
            while ($this->turn(1.0)) {
            }
            throw Refused::of($this->status, $this->arrived);
        }
    }

    public function __destruct()
    {
        $this->close();
    }

    /** The next message; null when none came within so many seconds, or the connection is over. Errors: `Http\NetworkError`. */
    public function next(float $seconds = 1.0): ?string
    {
        $end = hrtime(true) + (int) ($seconds * 1e9);
        while ($this->messages === [] && ($left = ($end - hrtime(true)) / 1e9) > 0 && $this->turn($left)) {
        }
        return array_shift($this->messages);
    }

    /** The messages, until the connection is over. */
    public function getIterator(): \Generator
    {
        while (($message = $this->next(60.0)) !== null || $this->curl !== null) {
            if ($message !== null) {
                yield $message;
            }
        }
    }

    /** Why the hub ended it: 1000 kicked, revoked or replaced, 1001 it stops, 1013 too slow; null: it did not. */
    public function code(): ?int
    {
        return $this->code;
    }

    /** Leaves. */
    public function close(): void
    {
        if ($this->curl !== null) {
            curl_multi_remove_handle($this->multi, $this->curl);
            $this->curl = null;
        }
    }

    /** Takes what comes within some seconds; false when nothing more will. */
    private function turn(float $seconds): bool
    {
        if ($this->curl === null) {
            return false;
        }
        curl_multi_exec($this->multi, $running);
        $told = curl_multi_info_read($this->multi);
        if ($told === false) {
            curl_multi_select($this->multi, min($seconds, 1.0));
            return true;
        }
        $this->status = $this->status ?: curl_getinfo($this->curl, \CURLINFO_RESPONSE_CODE);
        $this->close();
        if ($this->code === null && $told['result'] !== \CURLE_OK) {
            throw new NetworkError((string) curl_strerror($told['result']));
        }
        return false;
    }

    private function wrote(string $chunk): int
    {
        $this->arrived .= $chunk;
        $this->status = $this->status ?: curl_getinfo($this->curl, \CURLINFO_RESPONSE_CODE);
        while ($this->status === 200 && ($end = strpos($this->arrived, "\n\n")) !== false) {
            $this->event(substr($this->arrived, 0, $end));
            $this->arrived = substr($this->arrived, $end + 2);
        }
        return \strlen($this->arrived) > self::MOST ? -1 : \strlen($chunk);
    }

    private function event(string $lines): void
    {
        $fields = ['event' => '', 'data' => ''];
        foreach (explode("\n", $lines) as $line) {
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $fields[$name] = ltrim($value, ' ');
        }
        if ($fields['event'] === 'message' && \is_string($content = json_decode($fields['data']))) {
            $this->messages[] = $content;
        } elseif ($fields['event'] === 'close') {
            $this->code = (int) $fields['data'];
        }
    }

    private function __clone() {}
}
