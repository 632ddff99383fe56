<?php

declare(strict_types=1);

namespace Oscartoki;

// What these call is preloaded; they are not, because each request declares them.

/** The version of this package and of its library. */
function version(): string
{
    return Native::VERSION;
}

/** The key text in a file: its one line that is neither blank nor a comment. */
function secretFrom(string $path): string
{
    $text = is_readable($path) ? file_get_contents($path) : false;
    if ($text === false) {
        throw new \RuntimeException("$path can't be read");
    }
    $lines = array_filter(array_map(trim(...), explode("\n", $text)), static fn (string $line): bool => $line !== '' && $line[0] !== '#');
    if (\count($lines) !== 1) {
        throw new \RuntimeException("$path: one key text is needed, " . \count($lines) . ' were found');
    }
    return reset($lines);
}

/** A to Z folded, one trailing :80 or :443 removed. Error: malformed. */
function normaliseAuthority(string $name): string
{
    return Native::authority($name);
}

/**
 * For development: what altered a request whose MAC does not fit, or null. Never for an answer.
 *
 * @param array<string, AudienceKey> $keys by a label each, the service's own first
 */
function explain(
    array $keys,
    string $method,
    string $authority,
    string $target,
    string $toki,
    ?string $grant = null,
    string $body = '',
    string $ext = '',
): ?string {
    return Native::explain($keys, Pack::request($method, $authority, $target, $ext) . Pack::proofs($toki, $grant), $body);
}

namespace Oscartoki\V1;

use Oscartoki\Keyring;
use Oscartoki\ReplayLog;
use Oscartoki\Service;

/**
 * A service for clients of v1, in the place of the original: `keys` by the kid (8 bytes) that each client has or will have. It goes into the same
 * middleware, and takes v2 as soon as an `oa2.` key is added to its ring. `options` are further ones of `Service`.
 *
 * @param array<string, string> $keys
 * @param list<string> $authorities
 * @param 'any'|'standard'|'java' $dialect
 */
function service(
    #[\SensitiveParameter]
    array $keys,
    array $authorities,
    int $untilMs,
    string $dialect = 'any',
    ReplayLog|string|null $memory = null,
    bool $firstStart = false,
    mixed ...$options,
): Service {
    $ring = new Keyring($authorities[0]);
    foreach ($keys as $kid => $key) {
        $ring->addV1((string) $kid, $key, $untilMs, $dialect);
    }
    return new Service(...$options, authorities: $authorities, keyring: $ring, memory: $memory, firstStart: $firstStart);
}

namespace Oscartoki\Tcx;

/**
 * The headers of a call of TCX. Error: unsignable (also a type that is none, or a type's missing token).
 *
 * @param 'OWTC'|'TWTC'|'FTC' $type
 * @param ?string $token the access token of TWTC, the master key of FTC
 * @return array<string, string>
 */
function headers(string $type, string $appId, string $appPass, #[\SensitiveParameter] ?string $token = null): array
{
    return Names::headersOf($type, $appId, $appPass, $token);
}

/**
 * The verdict of a code such as `TCXPFX`. Error: malformed (a code that the route does not give).
 *
 * @param 'documented'|'server4' $table whose numbers
 * @param 'call'|'authorize'|'reauthorize' $route
 */
function verdict(string $code, string $table = 'documented', string $route = 'call'): Verdict
{
    return Names::verdict($code, $table, $route);
}

/** Now as `tcx_datetime` has it: 14 digits in UTC. */
function datetime(?int $nowMs = null): string
{
    return Names::datetime($nowMs);
}
