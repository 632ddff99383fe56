<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\Client;
use Oscartoki\OscarError;

/**
 * Signed requests by PHP's curl extension; made by `Client::curl`. Probe, request, resend and the answer's check are inside. Redirects are not
 * followed; who follows one sends a new request.
 */
final class Curl
{
    // They keep connections open between requests.
    private ?\CurlHandle $single = null;
    private ?\CurlMultiHandle $multi = null;

    /**
     * @param array<string, bool> $options of `Client::call`
     * @param array<int, mixed> $curl further CURLOPT_… for every transfer
     *
     * @internal
     */
    public function __construct(private readonly Client $client, private readonly array $options, private readonly array $curl = []) {}

    /**
     * Sends one request and returns its answer. Throws an `OscarError` when it is refused or not authentic, `NetworkError` when none came.
     *
     * @param iterable<array{string, string}|string> $headers values by name, or `[name, value]` pairs
     */
    public function request(string $method, string $url, ?string $body = null, iterable $headers = []): Answer
    {
        $sending = $this->sending($method, $url, $body, $headers, $this->single ??= curl_init());
        while (($curl = $sending->next()) !== null) {
            curl_exec($curl);
            $sending->ended(curl_errno($curl));
        }
        return $sending->result();
    }

    /** GET. */
    public function get(string $url, iterable $headers = []): Answer
    {
        return $this->request('GET', $url, null, $headers);
    }

    /** POST. */
    public function post(string $url, string $body, iterable $headers = []): Answer
    {
        return $this->request('POST', $url, $body, $headers);
    }

    /**
     * Sends several requests at once; what each ended with, under its own key: an answer or the error.
     *
     * @template K of array-key
     * @param array<K, array{0: string, 1: string, 2?: ?string, 3?: iterable<array{string, string}|string>}> $requests method, URL, body, headers
     * @return array<K, Answer|OscarError|NetworkError>
     */
    public function all(array $requests): array
    {
        $multi = $this->multi ??= curl_multi_init();
        $results = array_fill_keys(array_keys($requests), null);
        $under = new \SplObjectStorage();
        $go = static function (int|string $key, Sending $sending) use ($multi, $under, &$results): void {
            try {
                $curl = $sending->next();
                if ($curl === null) {
                    $results[$key] = $sending->result();
                    return;
                }
                $under[$curl] = [$key, $sending];
                curl_multi_add_handle($multi, $curl);
            } catch (OscarError | NetworkError $error) {
                $results[$key] = $error;
            }
        };
        foreach ($requests as $key => $request) {
            try {
                $go($key, $this->sending($request[0], $request[1], $request[2] ?? null, $request[3] ?? [], curl_init()));
            } catch (OscarError $error) {
                $results[$key] = $error;
            }
        }
        while (\count($under) > 0) {
            curl_multi_exec($multi, $running);
            while (($told = curl_multi_info_read($multi)) !== false) {
                [$key, $sending] = $under[$told['handle']];
                $under->detach($told['handle']);
                curl_multi_remove_handle($multi, $told['handle']);
                $sending->ended($told['result']);
                $go($key, $sending);
            }
            if ($running > 0) {
                curl_multi_select($multi, 0.2);
            }
        }
        return $results;
    }

    private function sending(string $method, string $url, ?string $body, iterable $headers, \CurlHandle $handle): Sending
    {
        $transfer = new Transfer($url, $headers, $this->client->maxAnswer(), $this->curl, $handle);
        return new Sending($this->client, $transfer, $method, $body, $this->options);
    }

    public function __serialize(): array
    {
        throw new \LogicException('it holds a Client and is not serialized');
    }
}
