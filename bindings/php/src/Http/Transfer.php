<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\Clock;
use Oscartoki\Errors\Unsignable;

/**
 * HTTP transfers to one URL over PHP's curl extension: the request target goes out byte for byte as it is signed, nothing follows redirects.
 *
 * @internal
 */
final class Transfer
{
    /** The Host value that goes out. */
    public readonly string $authority;

    /** The request target that goes out. */
    public readonly string $target;

    /** @var list<array{string, string}> */
    public readonly array $headers;

    private readonly string $url;
    private readonly \CurlHandle $handle;

    // What has come.
    private int $status = 0;
    /** @var list<array{string, string}> */
    private array $answered = [];
    private string $body = '';
    private bool $tooLarge = false;
    private int $receivedMs = 0;
    private int $monoMs = 0;

    /**
     * @param iterable<array{string, string}|string> $headers
     * @param array<int, mixed> $curl further CURLOPT_…
     * @param ?\CurlHandle $handle one whose connections are kept
     */
    public function __construct(
        string $url,
        iterable $headers,
        private readonly int $maxAnswer,
        private readonly array $curl = [],
        ?\CurlHandle $handle = null,
    ) {
        $this->handle = $handle ?? curl_init();
        if (!preg_match('~^(https?://)(?:([^/?#@]*)@)?([^/?#@]+)([^#]*)~i', $url, $parts)) {
            throw new Unsignable('a URL that is not http:// or https://', mayHaveRun: false);
        }
        [, $scheme, $user, $host, $rest] = $parts;
        $this->url = $scheme . ($user === '' ? '' : "$user@") . $host . '/';
        $this->target = str_starts_with($rest, '/') ? $rest : "/$rest";
        $pairs = [];
        foreach ($headers as $name => $field) {
            $pairs[] = \is_array($field) ? $field : [(string) $name, $field];
        }
        $named = array_values(array_filter($pairs, static fn (array $pair): bool => strcasecmp($pair[0], 'host') === 0));
        $this->authority = $named[0][1] ?? $host;
        $this->headers = $pairs;
    }

    /**
     * Makes the next request ready.
     *
     * @param array<string, string> $ours headers that replace those of the same name
     * @param ?callable(string): bool $drops which of the caller's headers are left out
     */
    public function begin(string $method, ?string $body, array $ours, ?callable $drops = null): \CurlHandle
    {
        $curl = $this->handle;
        curl_reset($curl);
        [$this->status, $this->answered, $this->body, $this->tooLarge] = [0, [], '', false];
        $lines = [];
        foreach ($this->headers as [$name, $value]) {
            if (!isset($ours[strtolower($name)]) && ($drops === null || !$drops($name))) {
                $lines[] = self::line($name, $value);
            }
        }
        foreach ($ours as $name => $value) {
            $lines[] = self::line($name, $value);
        }
        // What curl would add by itself: the content's type is the caller's to say.
        foreach (['Expect', 'Content-Type'] as $name) {
            if (!preg_grep("/^$name:/i", $lines)) {
                $lines[] = "$name:";
            }
        }
        curl_setopt_array($curl, $this->curl + [
            \CURLOPT_CONNECTTIMEOUT => 10,
            \CURLOPT_TIMEOUT => 60,
        ]);
        if ($method === 'HEAD') {
            curl_setopt($curl, \CURLOPT_NOBODY, true);
        } elseif ($body !== null && $body !== '') {
            curl_setopt($curl, \CURLOPT_POSTFIELDS, $body);
        } elseif (\in_array($method, ['POST', 'PUT', 'PATCH'], true)) {
            curl_setopt($curl, \CURLOPT_POSTFIELDS, '');
        }
        curl_setopt_array($curl, [
            \CURLOPT_URL => $this->url,
            \CURLOPT_REQUEST_TARGET => $this->target,
            \CURLOPT_CUSTOMREQUEST => $method,
            \CURLOPT_HTTPHEADER => $lines,
            \CURLOPT_FOLLOWLOCATION => false,
            // A request target of our own goes through a proxy only in a tunnel.
            \CURLOPT_HTTPPROXYTUNNEL => true,
            \CURLOPT_HEADERFUNCTION => $this->heard(...),
            \CURLOPT_WRITEFUNCTION => $this->wrote(...),
        ]);
        return $curl;
    }

    private static function line(string $name, string $value): string
    {
        if (preg_match('/[\r\n\0]/', $name . $value)) {
            throw new Unsignable('a header with a line break', mayHaveRun: false);
        }
        // curl takes `Name:` for "send none" and `Name;` for an empty one.
        return $value === '' ? "$name;" : "$name: $value";
    }

    /** One line of the answer's head. */
    private function heard(\CurlHandle $curl, string $line): int
    {
        $text = rtrim($line, "\r\n");
        if (preg_match('~^HTTP/[\d.]+ (\d{3})~', $text, $parts)) {
            [$this->status, $this->answered] = [(int) $parts[1], []];
        } elseif ($text === '') {
            [$this->receivedMs, $this->monoMs] = [Clock::wall(), Clock::mono()];
        } elseif (str_contains($text, ':')) {
            [$name, $value] = explode(':', $text, 2);
            $this->answered[] = [$name, trim($value, " \t")];
        }
        return \strlen($line);
    }

    private function wrote(\CurlHandle $curl, string $chunk): int
    {
        if (\strlen($this->body) + \strlen($chunk) > $this->maxAnswer) {
            $this->tooLarge = true;
            return -1;
        }
        $this->body .= $chunk;
        return \strlen($chunk);
    }

    /**
     * What became of the transfer that has ended.
     *
     * @param int $error curl's number, 0 for none
     * @return array{int, ?list<array{string, string}>, string, int, int} HTTP status, headers (null: over the limit), content, the clocks at its head
     */
    public function end(int $error): array
    {
        // It holds on to this object no longer.
        curl_reset($this->handle);
        if ($this->tooLarge) {
            return [$this->status, null, '', $this->receivedMs, $this->monoMs];
        }
        if ($error !== 0) {
            throw new NetworkError((string) curl_strerror($error) . ": $this->authority");
        }
        return [$this->status, $this->answered, $this->body, $this->receivedMs, $this->monoMs];
    }

    /**
     * One whole transfer without the protocol.
     *
     * @param array<string, string> $ours
     */
    public function run(string $method, ?string $body, array $ours): Answer
    {
        $curl = $this->begin($method, $body, $ours);
        curl_exec($curl);
        [$status, $headers, $content] = $this->end(curl_errno($curl));
        return new Answer($status, $headers ?? throw new NetworkError('an answer over the limit'), $content);
    }
}
