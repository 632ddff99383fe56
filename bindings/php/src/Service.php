<?php

declare(strict_types=1);

namespace Oscartoki;

use FFI;
use FFI\CData;

/**
 * One service: its names (`authorities`), its keys, its replay memory. `verify` says whether a request may run, `answer` mints the headers of
 * what it is answered. The processes of one machine, FPM's workers among them, share a mapped memory. Make a service in each request: under a web
 * server, with a `memory` that is named, it is the one of the requests before, else making it takes 0.1 ms.
 *
 * `keys` are `oa2.` texts or lines of a key file; `keysFile` and `revocationsFile` are reread within two seconds of a change, in every process.
 * Without `memory`, a mapped file of this user is used (`MappedReplayLog::defaultPath`). `firstStart`: no earlier process accepted these keys; for
 * tests and snippets. Without `audience`, the first name is it.
 */
final class Service
{
    private FFI $ffi;
    private int $handle = 0;
    private int $files = 0;
    private bool $lent = false;
    private Keyring $keyring;
    private ReplayLog $memory;

    // Where the library writes; one call at a time, so one of each is enough.
    private static ?CData $verdict = null;
    private static ?CData $verdictBytes = null;
    private static ?CData $verdictNumbers = null;
    private static ?CData $answered = null;

    /** @var list<string> two bytes for every length below 256 */
    private array $lengths;

    /**
     * @param list<AudienceKey|string>|AudienceKey|string $keys
     * @param list<string>|string $authorities the names that a request may be sent to
     * @param ?string $audience what the keys are for, used byte for byte
     * @param ?Keyring $keyring a ring of your own, to which the keys are added
     * @param list<string>|string|null $keysFile
     * @param ReplayLog|string|null $memory a memory, the path of a mapped one, or a Redis (`redis://…`, named after the audience)
     * @param ?string $fixedAuthority the one name that stands for Host, which is then ignored
     * @param int $windowMs how old a request may be; equal on all nodes
     * @param int $maxTtlS the longest life that a grant may have
     * @param int $grantTtlS the life of the grants that are made here
     * @param list<string> $ext the covered headers of requests, in the clients' order
     * @param list<string> $answerExt the covered headers of answers, in the clients' order
     * @param int $maxBody the longest body of a request
     * @param int $maxAnswer the longest answer that is buffered and covered
     * @param bool $emptyQueryHidden the server may hide an empty `?` of the target
     */
    public function __construct(
        #[\SensitiveParameter]
        array|AudienceKey|string $keys = [],
        array|string $authorities = [],
        ?string $audience = null,
        ?Keyring $keyring = null,
        array|string|null $keysFile = null,
        ?string $revocationsFile = null,
        ReplayLog|string|null $memory = null,
        bool $firstStart = false,
        ?string $fixedAuthority = null,
        int $windowMs = 30_000,
        int $maxTtlS = 600,
        int $grantTtlS = 600,
        array $ext = [],
        array $answerExt = [],
        private readonly int $maxBody = 1 << 20,
        private readonly int $maxAnswer = 1 << 20,
        bool $emptyQueryHidden = true,
        ?int $nowMs = null,
    ) {
        $this->ffi = $ffi = Native::ffi();
        self::$verdict ??= $ffi->new('oscar_verdict[1]');
        self::$verdictBytes ??= $ffi->cast('char[' . Verdict::BYTES . ']', self::$verdict);
        self::$verdictNumbers ??= $ffi->cast('int64_t[' . \intdiv(Verdict::BYTES, 8) . ']', self::$verdict);
        self::$answered ??= $ffi->new('oscar_answered[1]');
        $this->lengths = Pack::lengths();
        $names = (array) $authorities;
        // Objects end with each request under a web server; what is native may stay for the next, with keys that were good.
        $lives = Kept::outlivesRequests() && \is_string($memory) && $keyring === null && $nowMs === null;
        $kept = !$lives ? null : new Kept([$keys instanceof AudienceKey ? [$keys] : (array) $keys, $names, $audience, $keysFile,
            $revocationsFile, $memory, $firstStart, $fixedAuthority, $windowMs, $maxTtlS, $grantTtlS, $ext, $answerExt, $maxBody, $maxAnswer, $emptyQueryHidden]);
        if ($kept?->finds()) {
            $this->keyring = Keyring::lent($audience ?? Native::authority($names[0] ?? $fixedAuthority ?? ''), $kept->get('ring'));
            $this->memory = RedisReplayLog::isNamedBy($memory)
                ? RedisReplayLog::lent($this->keyring->audience(), $kept->get('memory'))
                : MappedReplayLog::lent($memory, $kept->get('memory'));
            [$this->handle, $this->files, $this->lent] = [$kept->get('service'), $kept->get('files'), true];
            return;
        }
        $this->keyring = $keyring ?? new Keyring($audience ?? Native::authority($names[0] ?? $fixedAuthority ?? ''));
        $this->hold(\is_array($keys) ? $keys : [$keys], (array) ($keysFile ?? []), $revocationsFile);
        $memory ??= MappedReplayLog::defaultPath($this->keyring);
        $this->memory = match (true) {
            !\is_string($memory) => $memory,
            RedisReplayLog::isNamedBy($memory) => new RedisReplayLog($memory, $this->keyring->audience()),
            default => new MappedReplayLog($memory),
        };

        $settings = $ffi->new('oscar_service_settings');
        $ffi->oscar_service_settings_init(FFI::addr($settings));
        $held = [];
        foreach (['authorities' => $names, 'ext' => $ext, 'answer_ext' => $answerExt] as $field => $texts) {
            [$pointers, $bytes] = Native::texts(array_values($texts));
            $held[] = [$pointers, $bytes];
            $settings->$field = $ffi->cast('char **', FFI::addr($pointers));
            $settings->{$field . '_len'} = \count($texts);
        }
        if ($fixedAuthority !== null) {
            $held[] = $fixed = Native::bytes($fixedAuthority);
            $settings->fixed_authority = $ffi->cast('char *', FFI::addr($fixed));
        }
        $settings->window_ms = $windowMs;
        $settings->max_ttl_s = $maxTtlS;
        $settings->grant_ttl_s = $grantTtlS;
        $settings->max_body = $maxBody;
        $settings->max_answer = $maxAnswer;
        $settings->first_start = (int) $firstStart;
        $settings->empty_query_hidden = (int) $emptyQueryHidden;
        $handle = Native::handle();
        Native::check($ffi->oscar_service_new(
            FFI::addr($settings),
            $this->keyring->handle(),
            $this->memory->handle(),
            $nowMs ?? Clock::wall(),
            $handle,
        ));
        $this->handle = $handle[0];
        if ($kept?->keep(['ring' => $this->keyring->handle(), 'memory' => $this->memory->handle(), 'files' => $this->files, 'service' => $this->handle])) {
            $this->keyring->lend();
            $this->memory->lend();
            $this->lent = true;
        }
    }

    /** Puts the keys into the ring, and has it follow its files. */
    private function hold(#[\SensitiveParameter] array $keys, array $keyFiles, ?string $revocations): void
    {
        if ($keyFiles === [] && $revocations === null) {
            array_map($this->keyring->add(...), $keys);
            return;
        }
        $given = implode("\n", array_map(static fn ($key) => $key instanceof AudienceKey ? $key->toText() : $key, $keys));
        $paths = implode('', array_map(Pack::lp(...), $keyFiles));
        $files = Native::handle();
        Native::check($this->ffi->oscar_ring_files_open(
            $this->keyring->handle(),
            $paths,
            \strlen($paths),
            $given,
            \strlen($given),
            $revocations,
            \strlen($revocations ?? ''),
            $files,
        ));
        $this->files = $files[0];
    }

    public function __destruct()
    {
        if (!$this->lent) {
            $this->ffi->oscar_service_free($this->handle);
            $this->ffi->oscar_ring_files_free($this->files);
        }
    }

    // ---- the primitives ----

    /** Judges one request by its fields. A `digest` (32 bytes) stands for Content-Digest and makes the verdict pending. */
    public function verify(
        string $method,
        string $authority,
        string $target,
        ?string $toki,
        ?string $grant = null,
        ?string $body = null,
        ?string $ext = null,
        ?string $digest = null,
        ?int $nowMs = null,
    ): Verdict {
        if ($this->files !== 0) {
            $this->refresh();
        }
        // The usual request is packed here, short fields by a table of their lengths.
        $size = \strlen($target);
        if ($ext === null && $digest === null && $toki !== null && $size < 256 && \strlen($method) < 256 && \strlen($authority) < 256 && \strlen($toki) < 256) {
            $lp = $this->lengths;
            $packed = "{$lp[\strlen($method)]}$method{$lp[\strlen($authority)]}$authority{$lp[$size]}$target\0\0\0\0{$lp[\strlen($toki)]}$toki";
            $packed = $grant === null ? $packed : $packed . Pack::lp($grant);
        } else {
            $packed = Pack::arrived(
                static fn (): string => Pack::request($method, $authority, $target, $ext ?? '', $digest) . Pack::proofs($toki, $grant),
            );
        }
        $status = $this->ffi->oscar_service_verify_packed(
            $this->handle,
            $packed,
            \strlen($packed),
            $body,
            $body === null ? 0 : \strlen($body),
            $nowMs ?? (int) (\microtime(true) * 1000) + Clock::$offMs,
            self::$verdict,
        );
        if ($status === 0) {
            return new VerifiedRequest($this->ffi, FFI::string(self::$verdictBytes, Verdict::BYTES), self::$verdictNumbers[2]);
        }
        return $this->judged($status);
    }

    /**
     * Judges one request by its raw head: what layers call. `authority` is HTTP/2's, where there is one; Host is among the headers.
     *
     * @param iterable<array{string, string}|string> $headers `[name, value]` pairs, or values by name
     * @param ?string $body what has arrived: all of it where `wantsBody` said so
     */
    public function verifyHead(
        string $method,
        string $target,
        iterable $headers,
        ?string $body = null,
        ?string $authority = null,
        ?int $nowMs = null,
    ): Verdict {
        if ($this->files !== 0) {
            $this->refresh();
        }
        $head = self::head($method, $authority, $target, $headers);
        $status = $this->ffi->oscar_service_verify_head(
            $this->handle,
            $head,
            \strlen($head),
            $body,
            \strlen($body ?? ''),
            $nowMs ?? Clock::wall(),
            self::$verdict,
        );
        return $this->judged($status);
    }

    /**
     * Whether the body is to be read, at most `maxBody` bytes and one more, before `verifyHead`.
     *
     * @param iterable<array{string, string}|string> $headers `[name, value]` pairs, or values by name
     */
    public function wantsBody(string $method, string $target, iterable $headers, ?string $authority = null): bool
    {
        $head = self::head($method, $authority, $target, $headers);
        return $this->ffi->oscar_service_wants_body($this->handle, $head, \strlen($head)) === 1;
    }

    private static function head(string $method, ?string $authority, string $target, iterable $headers): string
    {
        return Pack::arrived(
            static fn (): string => Pack::lp($method) . Pack::lp($authority ?? '') . Pack::lp($target) . Pack::headers($headers),
        );
    }

    private function judged(int $status): Verdict
    {
        $raw = FFI::string(self::$verdictBytes, Verdict::BYTES);
        if ($status === Native::BAD_PACKED) {
            // A field that fits nowhere is malformed: 400.
            $raw = pack('lll', Native::MALFORMED, -1, 400) . substr($raw, 12);
        }
        return Verdict::of($this->ffi, $status, $raw, self::$verdictNumbers[2]);
    }

    private function refresh(): void
    {
        if ($this->ffi->oscar_ring_files_refresh($this->files) !== Native::OK) {
            // What was good stays in force.
            error_log('oscartoki: ' . Native::detail());
        }
    }

    /**
     * Mints the headers oscartoki and oscartokikey (null: not sent) of the answer, once; the second time is `replayed`.
     *
     * @return array{string, ?string}
     */
    public function answer(
        Verdict $verdict,
        int $status,
        ?string $body = null,
        ?string $ext = null,
        ?string $digest = null,
        ?int $nowMs = null,
    ): array {
        $packed = Pack::status($status) . ($ext === null && $digest === null ? "\0\0\0\0" : Pack::lp($ext ?? '') . Pack::digest($digest));
        return $this->minted($this->ffi->oscar_service_answer_packed(
            $this->handle,
            $verdict->spend(),
            $packed,
            \strlen($packed),
            $body,
            $body === null ? 0 : \strlen($body),
            $nowMs ?? Clock::wall(),
            self::$answered,
        ));
    }

    /**
     * `answer` from the answer's head, whose configured headers are covered. No body: a stream, which is then not covered.
     *
     * @param iterable<array{string, string}|string> $headers `[name, value]` pairs, or values by name
     * @return array{string, ?string}
     */
    public function answerHead(Verdict $verdict, int $status, iterable $headers, ?string $body = null, ?int $nowMs = null): array
    {
        $head = Pack::status($status) . Pack::headers($headers);
        return $this->minted($this->ffi->oscar_service_answer_head(
            $this->handle,
            $verdict->spend(),
            $head,
            \strlen($head),
            $body,
            \strlen($body ?? ''),
            $nowMs ?? Clock::wall(),
            self::$answered,
        ));
    }

    /** @return array{string, ?string} */
    private function minted(int $status): array
    {
        Native::check($status);
        $grant = FFI::string(self::$answered[0]->grant);
        return [FFI::string(self::$answered[0]->toki), $grant === '' ? null : $grant];
    }

    // ---- what travels elsewhere ----

    /** Verifies a message of a queue; `digest` stands for the body. */
    public function verifyMessage(
        string $destination,
        string $type,
        string $body,
        ?string $toki,
        string $ext = '',
        ?string $digest = null,
        ?MessageMemory $memory = null,
        int $maxTtlS = 86_400,
        ?int $nowMs = null,
    ): VerifiedMessage {
        $this->files === 0 || $this->refresh();
        $message = Pack::arrived(static fn (): string => Pack::lp($destination) . Pack::lp($type) . Pack::lp($ext) . Pack::digest($digest)
            . Pack::proofs($toki, null));
        $verified = $this->ffi->new('oscar_verified_message[1]');
        self::checkArrived($this->ffi->oscar_service_verify_message(
            $this->handle,
            $message,
            \strlen($message),
            $digest === null ? $body : '',
            $digest === null ? \strlen($body) : 0,
            $memory?->handle() ?? 0,
            $maxTtlS,
            $nowMs ?? Clock::wall(),
            $verified,
        ));
        return VerifiedMessage::of($verified[0]);
    }

    /** Verifies a presigned target, given with its parameter. `hasToki`: the request has a header oscartoki too, which is malformed. */
    public function verifyUrl(
        string $method,
        string $authority,
        string $target,
        string $ext = '',
        bool $hasToki = false,
        ?int $nowMs = null,
    ): VerifiedUrl {
        $this->files === 0 || $this->refresh();
        $request = Pack::arrived(
            static fn (): string => Pack::request($method, $authority, $target, $ext) . ($hasToki ? Pack::lp('-') : ''),
        );
        $verified = $this->ffi->new('oscar_verified_url[1]');
        self::checkArrived($this->ffi->oscar_service_verify_url($this->handle, $request, \strlen($request), $nowMs ?? Clock::wall(), $verified));
        $told = $verified[0];
        return new VerifiedUrl(FFI::string($told->kid, 8), $told->exp_ms, substr($target, 0, $told->target_len));
    }

    /** A field that fits nowhere is malformed. */
    private static function checkArrived(int $status): void
    {
        Native::check($status === Native::BAD_PACKED ? Native::MALFORMED : $status);
    }

    /** Verifies a websocket ticket and spends it. */
    public function verifyTicket(?string $ticket, ?string $origin = null, bool $requireOrigin = false, ?int $nowMs = null): VerifiedTicket
    {
        $this->files === 0 || $this->refresh();
        $verified = $this->ffi->new('oscar_verified_ticket[1]');
        Native::check($this->ffi->oscar_service_verify_ticket(
            $this->handle,
            $ticket,
            \strlen($ticket ?? ''),
            $origin,
            \strlen($origin ?? ''),
            (int) $requireOrigin,
            $nowMs ?? Clock::wall(),
            $verified,
        ));
        $told = $verified[0];
        $connection = FFI::string($told->connection, $told->connection_len);
        return new VerifiedTicket(FFI::string($told->kid, 8), $connection, $told->ts_ms, $told->origin_bound === 1);
    }

    // ---- revoking ----

    /** Revokes a kid: in this process at once and, through the revocations file, in every other within two seconds. */
    public function revokeKey(string $kid): void
    {
        $this->file($this->keyring->revokeKey($kid));
    }

    /** Revokes one session of a kid. */
    public function revokeSession(string $kid, string $sid): void
    {
        $this->file($this->keyring->revokeSession($kid, $sid));
    }

    /** Revokes the sessions of a kid that were issued before a second of the epoch. */
    public function revokeIssuedBefore(string $kid, int $beforeS): void
    {
        $this->file($this->keyring->revokeIssuedBefore($kid, $beforeS));
    }

    private function file(string $line): void
    {
        if ($this->files !== 0) {
            Native::check($this->ffi->oscar_ring_files_append($this->files, $line, \strlen($line)));
        }
    }

    // ---- its state ----

    /** When it is ready, milliseconds since 1970; before that, everything is refused as stale. */
    public function readyAtMs(): int
    {
        $at = $this->ffi->new('int64_t[1]');
        Native::check($this->ffi->oscar_service_ready_at($this->handle, $at));
        return $at[0];
    }

    /** At and below this time nothing is accepted. */
    public function floorMs(): int
    {
        $floor = $this->ffi->new('int64_t[1]');
        Native::check($this->ffi->oscar_service_floor($this->handle, $floor));
        return $floor[0];
    }

    /**
     * What happened since this object was made: accepted, unremembered, v1_accepted, and refusals by name.
     *
     * @return array<string, int>
     */
    public function counters(): array
    {
        $told = $this->ffi->new('oscar_counters[1]');
        Native::check($this->ffi->oscar_service_counters($this->handle, $told));
        $counters = ['accepted' => $told[0]->accepted, 'unremembered' => $told[0]->unremembered, 'v1_accepted' => $told[0]->v1_accepted];
        for ($status = 1; $status < 22; $status++) {
            $count = $told[0]->refused[$status];
            if ($count > 0) {
                $counters['refused_' . Native::nameOf($status)] = $count;
            }
        }
        return $counters;
    }

    /** Its keys. */
    public function keyring(): Keyring
    {
        return $this->keyring;
    }

    /** Its replay memory. */
    public function memory(): ReplayLog
    {
        return $this->memory;
    }

    /** The longest body of a request, in bytes. */
    public function maxBody(): int
    {
        return $this->maxBody;
    }

    /** The longest answer that is buffered and covered, in bytes. */
    public function maxAnswer(): int
    {
        return $this->maxAnswer;
    }

    /** @return array<string, mixed> */
    public function __debugInfo(): array
    {
        return ['audience' => $this->keyring->audience(), 'keys' => \count($this->keyring->kids())];
    }

    private function __clone() {}
}
