<?php

declare(strict_types=1);

namespace Oscartoki;

use FFI;
use FFI\CData;

/**
 * One client: it probes, keeps one clock and the newest grant for each audience, signs, and accepts each answer once.
 *
 * `secret` is `os2.` text; or `audienceKey` (`oa2.`), or `session` (`oz2.`, a delegate). Without `audience`, each request's authority is its
 * audience. `answers: 'none'`: the service can't sign its answers, nothing then counts as authentic.
 */
final class Client
{
    private const REPEATABLE = 1;
    private const TRUST_CLOCK = 2;
    private const VERIFY_FIRST = 4;
    private const RESEND = 8;
    private const STREAM = 16;

    private FFI $ffi;
    private int $handle = 0;
    private bool $covers;
    private int $maxAnswer;

    // Where the library writes; one call at a time, so one of each is enough.
    private static ?CData $signed = null;
    private static ?CData $signedBytes = null;
    private static ?CData $context = null;

    /** @var list<string> two bytes for every length below 256 */
    private array $lengths;

    /**
     * @param list<string> $ext the covered headers of requests, in the service's order
     * @param list<string> $answerExt the covered headers of answers, in the service's order
     * @param 'auto'|'every' $roll when the next grant is asked for
     * @param 'signed'|'none' $answers
     * @param ?string $kid the 8-byte kid that the application registered
     */
    public function __construct(
        #[\SensitiveParameter]
        Secret|string|null $secret = null,
        ?string $audience = null,
        #[\SensitiveParameter]
        AudienceKey|string|null $audienceKey = null,
        #[\SensitiveParameter]
        Session|string|null $session = null,
        array $ext = [],
        array $answerExt = [],
        string $roll = 'auto',
        bool $trustClock = false,
        string $answers = 'signed',
        int $maxAnswer = 1 << 20,
        int $generation = 0,
        ?string $kid = null,
        bool $sendContentDigest = true,
    ) {
        if (\count(array_filter([$secret, $audienceKey, $session], static fn ($given) => $given !== null)) !== 1) {
            throw new \ValueError('a client has one of secret, audienceKey and session');
        }
        if (!\in_array($answers, ['signed', 'none'], true)) {
            throw new \ValueError("answers is 'signed' or 'none'");
        }
        if (!\in_array($roll, ['auto', 'every'], true)) {
            throw new \ValueError("roll is 'auto' or 'every'");
        }
        $ffi = Native::ffi();
        $settings = $ffi->new('oscar_client_settings');
        $ffi->oscar_client_settings_init(FFI::addr($settings));
        [$names, $held] = Native::texts($ext);
        [$answerNames, $heldToo] = Native::texts($answerExt);
        $settings->ext = $ffi->cast('char **', FFI::addr($names));
        $settings->ext_len = \count($ext);
        $settings->answer_ext = $ffi->cast('char **', FFI::addr($answerNames));
        $settings->answer_ext_len = \count($answerExt);
        $settings->max_answer = $maxAnswer;
        $settings->generation = $generation;
        $settings->roll_every = (int) ($roll === 'every');
        $settings->trust_clock = (int) $trustClock;
        $settings->unsigned_answers = (int) ($answers === 'none');
        $settings->send_content_digest = (int) $sendContentDigest;
        if ($kid !== null) {
            $id = Native::id($kid);
            $settings->kid = $ffi->cast('char *', FFI::addr($id));
        }
        $handle = Native::handle();
        $addr = FFI::addr($settings);
        if ($secret !== null) {
            $text = $secret instanceof Secret ? $secret->toText() : $secret;
            $made = $ffi->oscar_client_new($text, \strlen($text), $audience, \strlen($audience ?? ''), $addr, $handle);
        } elseif ($audienceKey !== null) {
            $text = $audienceKey instanceof AudienceKey ? $audienceKey->toText() : $audienceKey;
            $made = $ffi->oscar_client_from_audience_key($text, \strlen($text), $addr, $handle);
        } else {
            $text = $session instanceof Session ? $session->toText() : (string) $session;
            $made = $ffi->oscar_client_from_session($text, \strlen($text), $addr, $handle);
        }
        Native::check($made);
        $this->own($ffi, $handle[0], $ext !== [], $maxAnswer);
    }

    private function own(FFI $ffi, int $handle, bool $covers, int $maxAnswer): void
    {
        [$this->ffi, $this->handle, $this->covers, $this->maxAnswer] = [$ffi, $handle, $covers, $maxAnswer];
        self::$signed ??= $ffi->new('oscar_signed[1]');
        self::$signedBytes ??= $ffi->cast('char[' . FFI::sizeof(self::$signed) . ']', self::$signed);
        self::$context ??= Native::handle();
        $this->lengths = Pack::lengths();
    }

    public function __destruct()
    {
        if ($this->handle !== 0) {
            $this->ffi->oscar_client_free($this->handle);
        }
    }

    /** The same client for one audience: configuration, clock and grants are shared. */
    public function forAudience(string $audience): self
    {
        $handle = Native::handle();
        Native::check($this->ffi->oscar_client_for_audience($this->handle, $audience, \strlen($audience), $handle));
        $bound = (new \ReflectionClass(self::class))->newInstanceWithoutConstructor();
        $bound->own($this->ffi, $handle[0], $this->covers, $this->maxAnswer);
        return $bound;
    }

    // ---- the primitives ----

    /**
     * Signs a request, or the probe that must go before it. Every error means that nothing was sent.
     *
     * @param ?string $ext what `requestExt` gave
     * @param ?string $digest the SHA-256 of the body, 32 bytes, in its place
     */
    public function sign(
        string $method,
        string $authority,
        string $target,
        ?string $body = null,
        ?string $ext = null,
        ?string $digest = null,
        bool $repeatable = false,
        bool $trustClock = false,
        bool $verifyFirst = false,
        bool $resend = false,
        bool $stream = false,
        ?int $nowMs = null,
        ?int $monoMs = null,
    ): SignedRequest {
        // The usual request is packed here, short fields by a table of their lengths.
        $size = \strlen($target);
        if ($ext === null && $digest === null && $size < 256 && \strlen($method) < 256 && \strlen($authority) < 256) {
            $lp = $this->lengths;
            $packed = "{$lp[\strlen($method)]}$method{$lp[\strlen($authority)]}$authority{$lp[$size]}$target\0\0\0\0";
        } else {
            $packed = Pack::request($method, $authority, $target, $ext ?? '', $digest);
        }
        $status = $this->ffi->oscar_client_sign_packed(
            $this->handle,
            $packed,
            \strlen($packed),
            $body,
            $body === null ? 0 : \strlen($body),
            ($repeatable ? self::REPEATABLE : 0) | ($trustClock ? self::TRUST_CLOCK : 0) | ($verifyFirst ? self::VERIFY_FIRST : 0)
                | ($resend ? self::RESEND : 0) | ($stream ? self::STREAM : 0),
            $nowMs ?? (int) (\microtime(true) * 1000) + Clock::$offMs,
            $monoMs ?? \intdiv(\hrtime(true), 1_000_000),
            self::$signed,
            self::$context,
        );
        if ($status !== 0) {
            throw Native::error($status, Native::detail(), false);
        }
        return new SignedRequest($this->ffi, FFI::string(self::$signedBytes, 108), self::$context[0]);
    }

    /**
     * `sign` with a nonce, for `Hazmat::sign`.
     *
     * @internal
     */
    public function signWith(string $nonce, string $packed, ?string $body, int $options, int $nowMs, int $monoMs): SignedRequest
    {
        $status = $this->ffi->oscar_hazmat_client_sign(
            $this->handle,
            $packed,
            \strlen($packed),
            $body,
            \strlen($body ?? ''),
            $options,
            $nowMs,
            $monoMs,
            Native::id($nonce),
            self::$signed,
            self::$context,
        );
        Native::check($status, false);
        return new SignedRequest($this->ffi, FFI::string(self::$signedBytes, 108), self::$context[0]);
    }

    /** Judges the answer to a signed request, once; the next is `replayed` and changes nothing. */
    public function accept(
        SignedRequest $signed,
        int $status,
        ?string $body = null,
        ?string $toki = null,
        ?string $grant = null,
        ?string $ext = null,
        ?string $digest = null,
        ?int $receivedMs = null,
        ?int $monoMs = null,
    ): Outcome {
        $answer = Pack::arrived(
            static fn (): string => Pack::status($status) . Pack::lp($ext ?? '') . Pack::digest($digest) . Pack::proofs($toki, $grant),
        );
        return $this->judged('oscar_client_accept_packed', $signed, $answer, $body, $receivedMs, $monoMs);
    }

    /**
     * `accept` from the head of an HTTP answer: finds toki and grant and makes ext by the configured list.
     *
     * @param iterable<array{string, string}|string> $headers `[name, value]` pairs, or values by name
     */
    public function acceptHead(
        SignedRequest $signed,
        int $status,
        iterable $headers,
        ?string $body = null,
        ?int $receivedMs = null,
        ?int $monoMs = null,
    ): Outcome {
        $head = Pack::arrived(static fn (): string => Pack::status($status) . Pack::headers($headers));
        return $this->judged('oscar_client_accept_head', $signed, $head, $body, $receivedMs, $monoMs);
    }

    /** No answer came (`status` null), or one whose content is over `maxAnswer`. */
    public function giveUp(SignedRequest $signed, ?int $status = null): Outcome
    {
        $out = $this->ffi->new('oscar_outcome[1]');
        $context = $signed->spend();
        if ($status === null) {
            $this->ffi->oscar_client_accept_none($this->handle, $context, $out);
        } else {
            $this->ffi->oscar_client_accept_too_large($this->handle, $context, max(0, min(65_535, $status)), $out);
        }
        return Outcome::of($out[0]);
    }

    private function judged(string $accept, SignedRequest $signed, string $answer, ?string $body, ?int $receivedMs, ?int $monoMs): Outcome
    {
        $out = $this->ffi->new('oscar_outcome[1]');
        $status = $this->ffi->$accept(
            $this->handle,
            $signed->spend(),
            $answer,
            \strlen($answer),
            $body,
            \strlen($body ?? ''),
            $receivedMs ?? Clock::wall(),
            $monoMs ?? Clock::mono(),
            $out,
        );
        if ($status === Native::BAD_PACKED) {
            $out[0]->status = Native::MALFORMED;
        }
        return Outcome::of($out[0]);
    }

    /**
     * The loop over `sign` and `accept` for one request; covered headers are taken from `headers`.
     *
     * @param iterable<array{string, string}|string> $headers `[name, value]` pairs, or values by name
     */
    public function call(
        string $method,
        string $authority,
        string $target,
        ?string $body = null,
        iterable $headers = [],
        bool $repeatable = false,
        bool $trustClock = false,
        bool $verifyFirst = false,
        bool $stream = false,
    ): Call {
        $packed = Pack::request($method, $authority, $target, $this->requestExt($headers));
        $options = ($repeatable ? self::REPEATABLE : 0) | ($trustClock ? self::TRUST_CLOCK : 0) | ($verifyFirst ? self::VERIFY_FIRST : 0)
            | ($stream ? self::STREAM : 0);
        return new Call($this->ffi, $this->handle, $packed, $body ?? '', $options);
    }

    /**
     * ext of a request's headers by the configured list.
     *
     * @param iterable<array{string, string}|string> $headers `[name, value]` pairs, or values by name
     */
    public function requestExt(iterable $headers): string
    {
        if (!$this->covers) {
            return '';
        }
        $packed = Pack::headers($headers);
        $out = Native::room(65_536);
        $length = $this->ffi->new('size_t[1]');
        $status = $this->ffi->oscar_client_request_ext($this->handle, $packed, \strlen($packed), $out, 65_536, $length);
        Native::check($status, false);
        return FFI::string($out, $length[0]);
    }

    /** Whether a probe leaves the header of that name out. */
    public function dropsFromProbe(string $name): bool
    {
        return $this->ffi->oscar_client_drops_from_probe($this->handle, $name, \strlen($name)) === 1;
    }

    // ---- its state ----

    /** Its key id, 8 bytes. Error: missing, in a client by authority whose kid is not known yet. */
    public function kid(): string
    {
        $kid = Native::room(8);
        Native::check($this->ffi->oscar_client_kid($this->handle, $kid));
        return FFI::string($kid, 8);
    }

    /** How far the service's clock is ahead, as far as answers have told. */
    public function offsetMs(): ?int
    {
        $offset = $this->ffi->new('int64_t[1]');
        return $this->ffi->oscar_client_offset($this->handle, $offset) === Native::OK ? $offset[0] : null;
    }

    /** An answer with more bytes of content is `policy`. */
    public function maxAnswer(): int
    {
        return $this->maxAnswer;
    }

    /** A session for one browser or worker, to be used by nobody else. */
    public function handOut(int $ttlS = 600, ?int $nowMs = null): Session
    {
        $made = fn ($out, $room) => $this->ffi->oscar_client_hand_out($this->handle, $ttlS, $nowMs ?? Clock::wall(), $out, $room);
        return new Session(Native::written($this->ffi->OSCAR_SESSION_MAX_LEN, $made));
    }

    /** Clock and newest grant of every audience, for another request or process of the same client. It holds no key. */
    public function exportState(): string
    {
        $text = Native::handle();
        Native::check($this->ffi->oscar_client_export_state($this->handle, $text));
        return Native::text($text[0]);
    }

    /** Takes over what `exportState` wrote. */
    public function importState(string $state): void
    {
        Native::check($this->ffi->oscar_client_import_state($this->handle, $state, \strlen($state)));
    }

    // ---- what travels elsewhere ----

    /** Signs a message for a queue; its `toki` goes into the header oscartoki. */
    public function mintMessage(
        string $destination,
        string $type,
        string $body = '',
        int $ttlS = 3600,
        string $ext = '',
        ?int $nowMs = null,
    ): SignedMessage {
        $message = Pack::lp($destination) . Pack::lp($type) . Pack::lp($ext) . Pack::lp('');
        $context = Native::handle();
        $toki = Native::written(
            $this->ffi->OSCAR_MESSAGE_TOKI_MAX_LEN,
            fn ($out, $room) => $this->ffi->oscar_client_mint_message(
                $this->handle,
                $message,
                \strlen($message),
                $body,
                \strlen($body),
                $ttlS,
                $nowMs ?? Clock::wall(),
                $out,
                $room,
                $context,
            ),
        );
        return new SignedMessage($toki, $context[0]);
    }

    /** Presigns a target; returns it with its parameter. Good until `expMs`, or for `lifeS` from now; seven days at most. */
    public function signUrl(
        string $authority,
        string $target,
        ?int $expMs = null,
        int $lifeS = 3600,
        string $method = 'GET',
        string $ext = '',
    ): string {
        $request = Pack::request($method, $authority, $target, $ext);
        $expMs ??= Clock::wall() + $lifeS * 1000;
        $made = fn ($out, $room) => $this->ffi->oscar_client_sign_url($this->handle, $request, \strlen($request), $expMs, $out, $room);
        return Native::written(\strlen($target) + $this->ffi->OSCAR_URL_PARAMETER_MAX_LEN, $made);
    }

    /** The ticket that opens one websocket, for the first frame. */
    public function mintTicket(string $connection, ?string $origin = null, ?int $nowMs = null): string
    {
        return Native::written($this->ffi->OSCAR_TICKET_MAX_LEN, fn ($out, $room) => $this->ffi->oscar_client_mint_ticket(
            $this->handle,
            $connection,
            \strlen($connection),
            $origin,
            \strlen($origin ?? ''),
            $nowMs ?? Clock::wall(),
            $out,
            $room,
        ));
    }

    // ---- adapters ----

    /**
     * Requests by PHP's curl extension. Options as of `call`.
     *
     * @param array<int, mixed> $curl further CURLOPT_… for every transfer
     */
    public function curl(
        bool $repeatable = false,
        bool $trustClock = false,
        bool $verifyFirst = false,
        bool $stream = false,
        array $curl = [],
    ): Http\Curl {
        if (!\extension_loaded('curl')) {
            throw new \LogicException('Client::curl needs PHP\'s curl extension: install ext-curl');
        }
        return new Http\Curl($this, compact('repeatable', 'trustClock', 'verifyFirst', 'stream'), $curl);
    }

    /** A handler stack for `new GuzzleHttp\Client(['handler' => …])` whose requests are signed; redirects are not followed. Options as of `call`. */
    public function guzzle(
        ?callable $handler = null,
        bool $repeatable = false,
        bool $trustClock = false,
        bool $verifyFirst = false,
        bool $stream = false,
    ): \GuzzleHttp\HandlerStack {
        return Http\Guzzle::stack($this, $handler, compact('repeatable', 'trustClock', 'verifyFirst', 'stream'));
    }

    /** A PSR-18 client around another, which must not follow redirects. Options as of `call`. */
    public function psr18(
        \Psr\Http\Client\ClientInterface $inner,
        bool $repeatable = false,
        bool $trustClock = false,
        bool $verifyFirst = false,
        bool $stream = false,
    ): Http\SignedClient {
        return new Http\SignedClient($this, $inner, compact('repeatable', 'trustClock', 'verifyFirst', 'stream'));
    }

    /** @return array<string, string> */
    public function __debugInfo(): array
    {
        try {
            return ['kid' => bin2hex($this->kid())];
        } catch (Errors\Missing) {
            return [];
        }
    }

    public function __serialize(): array
    {
        throw new \LogicException('a Client holds key material and is not serialized: see exportState()');
    }

    private function __clone() {}
}
