<?php

declare(strict_types=1);

namespace Oscartoki\Tcx;

use Oscartoki\Clock;
use Oscartoki\Native;

/**
 * What an `app_pass` covers: the app's public key and, by mode, nothing more (`none`), `tcx_datetime` (`time`) or all parameters of query and
 * body (`param`).
 */
final class Pass
{
    /** @var list<mixed> as the library takes it */
    private readonly array $covered;

    /**
     * @param 'none'|'time'|'param' $mode
     * @param array<string, string> $params text by name, read in mode `param`
     * @param ?string $datetime 14 digits in UTC, read in mode `time`; see `Tcx\datetime`
     */
    public function __construct(
        #[\SensitiveParameter]
        string $appPublic,
        string $mode = 'none',
        array $params = [],
        ?string $datetime = null,
    ) {
        $packed = $mode === 'param' ? Names::params($params) : '';
        $this->covered = [Names::mode($mode), $packed, \strlen($packed), $datetime, \strlen($datetime ?? ''), $appPublic, \strlen($appPublic)];
    }

    /** The app's public key is not for dumps. */
    public function __debugInfo(): array
    {
        return [];
    }

    /**
     * Mints the `app_pass`. Error: unsignable.
     *
     * @param string $clientToken 1 to 64 visible ASCII characters without colon and capitals, good once
     * @param 'documented'|'server4' $dialect
     */
    public function mint(string $clientToken, string $dialect = 'documented'): string
    {
        $ffi = Native::ffi();
        $dialect = Names::dialect($dialect);
        $made = fn ($out, $room) => $ffi->oscar_tcx_pass_mint(...[...$this->covered, $clientToken, \strlen($clientToken), $dialect, $out, $room]);
        return Native::written($ffi->OSCAR_TCX_PASS_MAX_LEN, $made);
    }

    /**
     * Verifies an `app_pass` in either dialect, without memory: whether it was used before is the caller's to know.
     * Errors, in this order: malformed, bad_mac, policy (`strict`: a parameter with `&` or `=`), stale.
     */
    public function verify(string $appPass, bool $strict = true, ?int $nowMs = null): VerifiedPass
    {
        $ffi = Native::ffi();
        $found = $ffi->new('oscar_tcx_pass[1]');
        $given = [$appPass, \strlen($appPass), $nowMs ?? Clock::wall(), (int) $strict, $found];
        Native::check($ffi->oscar_tcx_pass_verify(...[...$this->covered, ...$given]));
        $pass = $found[0];
        return new VerifiedPass(\FFI::string($pass->client_token), Names::dialectOf($pass->dialect), $pass->ts_ms ?: null);
    }
}
