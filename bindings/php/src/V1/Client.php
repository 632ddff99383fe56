<?php

declare(strict_types=1);

namespace Oscartoki\V1;

use Oscartoki\Clock;
use Oscartoki\Http\Answer;
use Oscartoki\Http\Transfer;
use Oscartoki\Native;

/** The client of OscarToki v1, in the place of the original. */
final class Client
{
    private int $handle = 0;

    /** @param 'any'|'standard'|'java' $dialect */
    public function __construct(#[\SensitiveParameter] string $key, string $dialect = 'any')
    {
        $this->handle = (new Key($key))->client($dialect);
    }

    public function __destruct()
    {
        if ($this->handle !== 0) {
            Native::ffi()->oscar_v1_client_free($this->handle);
        }
    }

    /** Begins the two steps of one request, without a socket. */
    public function begin(?int $nowMs = null): Exchange
    {
        $ffi = Native::ffi();
        $exchange = Native::handle();
        $begun = fn ($out, $room) => $ffi->oscar_v1_client_begin($this->handle, $nowMs ?? Clock::wall(), $out, $room, $exchange);
        $toki = Native::written($ffi->OSCAR_ANSWER_TOKI_MAX_LEN, $begun);
        return new Exchange($exchange[0], $toki);
    }

    /**
     * Does both steps with PHP's curl extension: GET for the tokikey, then the request.
     *
     * @param array<string, string> $headers
     * @param array<int, mixed> $curl further CURLOPT_… for both
     */
    public function request(string $method, string $url, ?string $body = null, array $headers = [], array $curl = []): Answer
    {
        $transfer = new Transfer($url, $headers, 1 << 20, $curl);
        $exchange = $this->begin();
        $first = $transfer->run('GET', null, $exchange->headers());
        $exchange->acceptFirst($first->body, $first->header('oscartoki'));
        $answer = $transfer->run($method, $body, $exchange->headers());
        $exchange->acceptSecond($answer->header('oscartoki'));
        return $answer;
    }

    private function __clone() {}
}
