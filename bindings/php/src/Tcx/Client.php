<?php

declare(strict_types=1);

namespace Oscartoki\Tcx;

use Oscartoki\Clock;
use Oscartoki\Errors\Expired;
use Oscartoki\Http\NetworkError;
use Oscartoki\Http\Transfer;
use Oscartoki\Kept;
use Oscartoki\Native;

/**
 * A client of TCX, in the place of the original. It keeps its access token and renews it before it ends, one request for all who wait; under a
 * web server, where objects end with each request, the worker keeps it for the next one.
 */
final class Client
{
    /** @var ?\WeakMap<Client, array{string, string, ?string}> secret, public key, master key: where no dump finds them */
    private static ?\WeakMap $keys = null;

    private int $handle = 0;
    private bool $lent = false;

    /**
     * Errors: unsignable, weak_secret (an empty secret or public key).
     *
     * @param 'OWTC'|'TWTC'|'FTC' $tokenType of its calls: pass only, pass and access token, pass and master key
     * @param 'none'|'time'|'param' $mode what its passes cover
     * @param 'documented'|'server4' $dialect how they are hashed
     * @param ?string $masterKey goes with calls of FTC
     */
    public function __construct(
        private readonly string $appId,
        #[\SensitiveParameter]
        string $appSecret,
        #[\SensitiveParameter]
        string $appPublic,
        private readonly string $tokenType = 'OWTC',
        string $mode = 'none',
        string $dialect = 'documented',
        #[\SensitiveParameter]
        ?string $masterKey = null,
        private readonly bool $debug = false,
    ) {
        self::$keys ??= new \WeakMap();
        self::$keys[$this] = [$appSecret, $appPublic, $masterKey];
        $kept = !Kept::outlivesRequests() ? null : new Kept(['tcx', $appId, $appSecret, $appPublic, $tokenType, $mode, $dialect, $masterKey]);
        $this->handle = $kept?->get('tcx') ?? 0;
        if ($this->handle !== 0) {
            $this->lent = true;
            return;
        }
        $handle = Native::handle();
        Native::check(Native::ffi()->oscar_tcx_client_new(
            $appId,
            \strlen($appId),
            $appSecret,
            \strlen($appSecret),
            $appPublic,
            \strlen($appPublic),
            $masterKey,
            \strlen($masterKey ?? ''),
            Names::type($tokenType),
            Names::mode($mode),
            Names::dialect($dialect),
            $handle,
        ));
        $this->handle = $handle[0];
        // Of two threads one was first: its client is the one to come.
        $this->lent = $kept?->keep(['tcx' => $this->handle]) ?? false;
    }

    public function __destruct()
    {
        if ($this->handle !== 0 && !$this->lent) {
            Native::ffi()->oscar_tcx_client_free($this->handle);
        }
    }

    // ---- what it was made of (the original's getID, getSecret, getPublic, getTokenType, isDebug, getTCXMasterKey) ----

    /** The app's id. */
    public function appId(): string
    {
        return $this->appId;
    }

    /** The app's secret. */
    public function appSecret(): string
    {
        return self::$keys[$this][0];
    }

    /** The app's public key. */
    public function appPublic(): string
    {
        return self::$keys[$this][1];
    }

    /** The type of its calls: OWTC, TWTC or FTC. */
    public function tokenType(): string
    {
        return strtoupper($this->tokenType);
    }

    /** Whether it was made for debugging. */
    public function isDebug(): bool
    {
        return $this->debug;
    }

    /** The master key, where there is one. */
    public function masterKey(): ?string
    {
        return self::$keys[$this][2];
    }

    // ---- one call ----

    /**
     * A fresh pass (`getTCXPass`), good for one call. Error: unsignable.
     *
     * @param array<string, string> $params all of the query and of a form or JSON body, read in mode `param`
     * @param ?string $datetime what the call sends as `tcx_datetime`, in mode `time`
     */
    public function pass(array $params = [], ?string $datetime = null): string
    {
        [$ffi, $packed] = [Native::ffi(), Names::params($params)];
        return Native::written($ffi->OSCAR_TCX_PASS_MAX_LEN, fn ($out, $room) => $ffi->oscar_tcx_client_pass(
            $this->handle,
            $packed,
            \strlen($packed),
            $datetime,
            \strlen($datetime ?? ''),
            $out,
            $room,
        ));
    }

    /** Now as `tcx_datetime` has it: 14 digits in UTC. */
    public function datetime(?int $nowMs = null): string
    {
        return Names::datetime($nowMs);
    }

    /**
     * The headers of one call with a fresh pass and, by type, the access token or the master key. Error: unsignable.
     *
     * @param array<string, string> $params
     * @param ?string $access what `access` or `fetchAccess` gave, for TWTC
     * @return array<string, string>
     */
    public function headers(array $params = [], ?string $datetime = null, #[\SensitiveParameter] ?string $access = null): array
    {
        $packed = Names::params($params);
        $text = Native::handle();
        Native::check(Native::ffi()->oscar_tcx_client_headers(
            $this->handle,
            $packed,
            \strlen($packed),
            $datetime,
            \strlen($datetime ?? ''),
            $access,
            \strlen($access ?? ''),
            $text,
        ));
        return Names::headers($text[0]);
    }

    // ---- the access token ----

    /** The access token (`getTCXAccess`), or what to do for it; of many callers one asks and the others wait. Error: unsignable. */
    public function access(?int $nowMs = null): Step
    {
        $made = Native::ffi()->new('oscar_tcx_step[1]');
        Native::check(Native::ffi()->oscar_tcx_client_access($this->handle, $nowMs ?? Clock::wall(), $made));
        $step = $made[0];
        return match ($step->kind) {
            0 => new Step('use', token: Native::text($step->text)),
            1 => new Step('send', number: $step->number, path: $step->route === 1 ? '/tcx/authorize' : '/tcx/reauthorize', body: Native::text($step->text)),
            default => new Step('wait'),
        };
    }

    /** Takes over the body of the answer to a request. Null: done, ask `access` again; a verdict: the authority refused. Error: malformed. */
    public function received(int $number, string $body, ?int $nowMs = null): ?Verdict
    {
        $told = Native::ffi()->new('oscar_tcx_verdict[1]');
        Native::check(Native::ffi()->oscar_tcx_client_received($this->handle, $number, $body, \strlen($body), $nowMs ?? Clock::wall(), $told));
        return Verdict::of($told[0]);
    }

    /** No answer came to a request: another caller may ask. */
    public function failed(int $number): void
    {
        Native::check(Native::ffi()->oscar_tcx_client_failed($this->handle, $number));
    }

    /**
     * The access token, fetched from the authority at `url` with PHP's curl extension where it has to be. Errors: `Refused`, `NetworkError`,
     * malformed (what answered is no authority), expired (it gives tokens that are over at once).
     *
     * @param array<int, mixed> $curl further CURLOPT_…
     */
    public function fetchAccess(string $url, array $curl = []): string
    {
        // A refused renewal is followed by one authorize; more than that is no progress.
        for ($requests = 0; $requests < 3; $requests++) {
            for ($step = $this->access(); $step->kind === 'wait'; $step = $this->access()) {
                usleep(10_000);
            }
            if ($step->token !== null) {
                return $step->token;
            }
            $this->fetch($step, $url, $curl);
        }
        $step = $this->access();
        return $step->token ?? throw new Expired("the access tokens of $url are over at once");
    }

    private function fetch(Step $step, string $url, array $curl): void
    {
        try {
            $answer = (new Transfer(rtrim($url, '/') . $step->path, [], 1 << 20, $curl))->run('POST', $step->body, ['content-type' => 'application/json']);
        } catch (\Throwable $error) {
            $this->failed($step->number);
            throw $error;
        }
        $verdict = $this->received($step->number, $answer->body);
        if ($verdict !== null) {
            throw new Refused($verdict);
        }
    }

    public function __serialize(): array
    {
        throw new \LogicException('a Tcx\\Client holds key material and is not serialized');
    }

    private function __clone() {}
}
