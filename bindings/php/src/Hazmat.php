<?php

declare(strict_types=1);

namespace Oscartoki;

use FFI;

/**
 * Deterministic twins: the caller gives what must otherwise be random or the clock's. For vectors, tests and tools; a nonce that is used twice
 * breaks the protocol.
 */
final class Hazmat
{
    /** The toki of a request, in the session of `grant` when there is one. */
    public static function mintRequest(
        AudienceKey $key,
        string $method,
        string $authority,
        string $target,
        ?string $body = null,
        int $tsMs = 0,
        string $nonce = '',
        bool $want = false,
        ?string $grant = null,
        string $ext = '',
        ?string $digest = null,
    ): string {
        [$ffi, $text] = [Native::ffi(), $key->toText()];
        $request = Pack::request($method, $authority, $target, $ext, $digest);
        return Native::written($ffi->OSCAR_TOKI_MAX_LEN, static fn ($out, $room) => $ffi->oscar_hazmat_mint_request(
            $text,
            \strlen($text),
            $grant,
            \strlen($grant ?? ''),
            $request,
            \strlen($request),
            $body,
            \strlen($body ?? ''),
            $tsMs,
            Native::id($nonce),
            (int) $want,
            $out,
            $room,
        ));
    }

    /** The grant that answers a request's toki. */
    public static function mintGrant(AudienceKey $key, string $requestToki, string $sid, int $expS, int $ttlS): string
    {
        [$ffi, $text] = [Native::ffi(), $key->toText()];
        return Native::written($ffi->OSCAR_GRANT_MAX_LEN, static fn ($out, $room) => $ffi->oscar_hazmat_mint_grant(
            $text,
            \strlen($text),
            $requestToki,
            \strlen($requestToki),
            Native::id($sid),
            $expS,
            $ttlS,
            $out,
            $room,
        ));
    }

    /** The toki of an answer. */
    public static function mintAnswer(
        AudienceKey $key,
        string $requestToki,
        int $status,
        ?string $body = null,
        int $code = 0,
        int $tsMs = 0,
        ?string $sessionGrant = null,
        ?string $grant = null,
        string $ext = '',
        ?string $digest = null,
    ): string {
        [$ffi, $text] = [Native::ffi(), $key->toText()];
        if ($code < 0 || $code > 255) {
            throw Native::error(Native::UNSIGNABLE, 'a code is 0 to 7');
        }
        $answer = Pack::status($status) . Pack::lp($ext) . Pack::digest($digest) . ($grant === null ? '' : Pack::lp($grant));
        return Native::written($ffi->OSCAR_TOKI_MAX_LEN, static fn ($out, $room) => $ffi->oscar_hazmat_mint_answer(
            $text,
            \strlen($text),
            $sessionGrant,
            \strlen($sessionGrant ?? ''),
            $requestToki,
            \strlen($requestToki),
            $code,
            $tsMs,
            $answer,
            \strlen($answer),
            $body,
            \strlen($body ?? ''),
            $out,
            $room,
        ));
    }

    /** Judges an answer to a request that some other client of the key signed; raises what makes it not authentic. */
    public static function accept(
        AudienceKey $key,
        string $requestToki,
        int $status,
        ?string $body = null,
        ?string $toki = null,
        ?string $grant = null,
        ?string $sessionGrant = null,
        string $ext = '',
        ?string $digest = null,
    ): Judged {
        [$ffi, $text] = [Native::ffi(), $key->toText()];
        $answer = Pack::arrived(
            static fn (): string => Pack::status($status) . Pack::lp($ext) . Pack::digest($digest) . Pack::proofs($toki, $grant),
        );
        $outcome = $ffi->new('oscar_outcome[1]');
        $got = $ffi->oscar_hazmat_accept(
            $text,
            \strlen($text),
            $sessionGrant,
            \strlen($sessionGrant ?? ''),
            $requestToki,
            \strlen($requestToki),
            $answer,
            \strlen($answer),
            $body,
            \strlen($body ?? ''),
            $outcome,
        );
        if ($outcome[0]->authentic !== 1) {
            throw Native::error($got === Native::BAD_PACKED ? Native::MALFORMED : $got, Native::detail());
        }
        $claims = $ffi->new('oscar_answer_claims[1]');
        Native::check($ffi->oscar_answer_toki_parse((string) $toki, \strlen((string) $toki), $claims));
        return new Judged(Outcome::of($outcome[0]), $claims[0]->ts_ms);
    }

    /** The toki of a message. */
    public static function mintMessage(
        AudienceKey $key,
        string $destination,
        string $type,
        string $body,
        int $tsMs,
        string $nonce,
        int $ttlS,
        string $ext = '',
        ?string $digest = null,
    ): string {
        [$ffi, $text] = [Native::ffi(), $key->toText()];
        $message = Pack::lp($destination) . Pack::lp($type) . Pack::lp($ext) . Pack::digest($digest);
        return Native::written($ffi->OSCAR_MESSAGE_TOKI_MAX_LEN, static fn ($out, $room) => $ffi->oscar_hazmat_mint_message(
            $text,
            \strlen($text),
            $message,
            \strlen($message),
            $body,
            \strlen($body),
            $tsMs,
            Native::id($nonce),
            $ttlS,
            $out,
            $room,
        ));
    }

    /** A presigned target. */
    public static function mintUrl(AudienceKey $key, string $method, string $authority, string $target, int $expMs, string $ext = ''): string
    {
        [$ffi, $text] = [Native::ffi(), $key->toText()];
        $request = Pack::request($method, $authority, $target, $ext);
        $made = static fn ($out, $room) => $ffi->oscar_hazmat_mint_url($text, \strlen($text), $request, \strlen($request), $expMs, $out, $room);
        return Native::written(\strlen($target) + $ffi->OSCAR_URL_PARAMETER_MAX_LEN, $made);
    }

    /** A websocket ticket. */
    public static function mintTicket(AudienceKey $key, string $connection, int $tsMs, string $nonce, ?string $origin = null): string
    {
        [$ffi, $text] = [Native::ffi(), $key->toText()];
        return Native::written($ffi->OSCAR_TICKET_MAX_LEN, static fn ($out, $room) => $ffi->oscar_hazmat_mint_ticket(
            $text,
            \strlen($text),
            $connection,
            \strlen($connection),
            $origin,
            \strlen($origin ?? ''),
            $tsMs,
            Native::id($nonce),
            $out,
            $room,
        ));
    }

    /** `Client::sign` with a nonce that the caller gives. Its answer is judged by `Client::accept`. */
    public static function sign(
        Client $client,
        string $method,
        string $authority,
        string $target,
        ?string $body = null,
        string $nonce = '',
        int $nowMs = 0,
        int $monoMs = 0,
        string $ext = '',
        ?string $digest = null,
        bool $repeatable = false,
        bool $trustClock = false,
        bool $resend = false,
    ): SignedRequest {
        $options = (int) $repeatable | (int) $trustClock << 1 | (int) $resend << 3;
        $packed = Pack::request($method, $authority, $target, $ext, $digest);
        return $client->signWith($nonce, $packed, $body, $options, $nowMs, $monoMs);
    }

    /** Key material: the 32 bytes of an audience key. */
    public static function expose(AudienceKey $key): string
    {
        $text = $key->toText();
        [$kid, $raw] = [Native::room(8), Native::room(32)];
        Native::check(Native::ffi()->oscar_audience_key_read($text, \strlen($text), $kid, $raw));
        return FFI::string($raw, 32);
    }
}
