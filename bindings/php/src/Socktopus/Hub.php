<?php

declare(strict_types=1);

namespace Oscartoki\Socktopus;

use Oscartoki\Client;
use Oscartoki\Errors\Unsignable;
use Oscartoki\Http\Answer;
use Oscartoki\Http\Transfer;

/**
 * A websocket hub, Socktopus or `oscar serve`, as an app with its secret meets it, or, with `oscar serve`, a client of toki v2. It sends and
 * kicks over PHP's curl extension, gives out the addresses that open connections, and listens.
 */
final class Hub
{
    /** @var ?\WeakMap<Hub, array{?string, ?Client}> where no dump finds them */
    private static ?\WeakMap $keys = null;

    private readonly string $url;

    /**
     * `app` and `secret`, or `client`: one of the two.
     *
     * @param string $url where it is, `https://hub.example.com`
     * @param ?string $app `shop` for `SHOP_SOCKTOPUS_SECRET`
     * @param ?Client $client whose connections are an app of their own: it mints tickets in place of tokens, and its acts are signed
     * @param array<int, mixed> $curl further CURLOPT_…
     */
    public function __construct(
        string $url,
        private readonly ?string $app = null,
        #[\SensitiveParameter]
        ?string $secret = null,
        ?Client $client = null,
        private readonly array $curl = [],
    ) {
        if (($app === null) !== ($secret === null) || ($app === null) === ($client === null)) {
            throw new \ValueError('a hub is met by an app and its secret, or by a client');
        }
        if (!preg_match('~^https?://[^?#]+$~i', $url)) {
            throw new \ValueError('a hub is named by an http:// or https:// URL');
        }
        $this->url = rtrim($url, '/');
        self::$keys ??= new \WeakMap();
        self::$keys[$this] = [$secret, $client];
    }

    /** The address, `ws://` or `wss://`, that opens one websocket for a connection's id, within 5 s; for a browser, or a library here. */
    public function address(string $connection, ?string $origin = null): string
    {
        return 'ws' . substr($this->url, 4) . '/recieve?' . $this->pass($connection, $origin);
    }

    /** The same for server-sent events, which `oscar serve` offers where websockets don't get through. */
    public function eventsAddress(string $connection, ?string $origin = null): string
    {
        return "$this->url/events?" . $this->pass($connection, $origin);
    }

    private function pass(string $connection, ?string $origin): string
    {
        [$secret, $client] = self::$keys[$this];
        return $client === null
            ? 'token=' . Token::mint($secret, $this->app, $connection)
            : 'oscartoki=' . rawurlencode($client->mintTicket($connection, $origin));
    }

    /** Receives what is sent to a connection's id, as server-sent events of `oscar serve`; the websocket's place, where PHP has none. */
    public function listen(string $connection): Listener
    {
        return new Listener($this->eventsAddress($connection), $this->curl);
    }

    /**
     * Sends messages; it waits for no recipient. Errors: `Refused`, `Http\NetworkError`, malformed (what answered is no hub).
     *
     * @param list<array{recipient: string, content: string}> $messages
     */
    public function send(array $messages): Sent
    {
        return Sent::parse($this->post('/send', $this->sendBody($messages)));
    }

    /**
     * Ends connections, and takes back what was issued to their ids just now. Errors: `Refused`, `Http\NetworkError`.
     *
     * @param list<string> $connections ids
     */
    public function kick(array $connections): void
    {
        $this->post('/kick', $this->kickBody($connections));
    }

    /**
     * The JSON of `POST /send`, for another way to send it.
     *
     * @param list<array{recipient: string, content: string}> $messages
     */
    public function sendBody(array $messages): string
    {
        return $this->body(['messages' => array_map(
            static fn (array $message): array => ['recipient' => (string) $message['recipient'], 'content' => (string) $message['content']],
            array_values($messages),
        )]);
    }

    /**
     * The JSON of `POST /kick`.
     *
     * @param list<string> $connections
     */
    public function kickBody(array $connections): string
    {
        return $this->body(['connections' => array_map(strval(...), array_values($connections))]);
    }

    private function body(array $act): string
    {
        [$secret] = self::$keys[$this];
        $act = $secret === null ? $act : ['secretName' => $this->app, 'secret' => $secret] + $act;
        try {
            return json_encode($act, \JSON_THROW_ON_ERROR | \JSON_UNESCAPED_UNICODE | \JSON_UNESCAPED_SLASHES);
        } catch (\JsonException) {
            throw new Unsignable('a text that is not UTF-8', mayHaveRun: false);
        }
    }

    private function post(string $path, string $body): string
    {
        $answer = $this->answer($path, $body);
        return $answer->status === 200 ? $answer->body : throw Refused::of($answer->status, $answer->body);
    }

    private function answer(string $path, string $body): Answer
    {
        [, $client] = self::$keys[$this];
        $headers = ['content-type' => 'application/json'];
        return $client === null
            ? (new Transfer($this->url . $path, [], 2 << 20, $this->curl))->run('POST', $body, $headers)
            : $client->curl(curl: $this->curl)->post($this->url . $path, $body, $headers);
    }

    public function __serialize(): array
    {
        throw new \LogicException('a Hub holds key material and is not serialized');
    }

    private function __clone() {}
}
