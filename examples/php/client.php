<?php

/**
 * A client in PHP over its curl extension: probes, signs, sends, accepts, rolls and resends by the rules of the protocol.
 *
 * Prints each body, then `verified: status S, code C, requests R[, probed][, resent][, in session]`; a refusal or an answer that is not authentic goes
 * to stderr as `error: NAME: sentence (may have run: yes|no)`. Exit 0: all verified; 1: not; 2: usage; 3: key; 4: network.
 */

declare(strict_types=1);

use Oscartoki\Client;
use Oscartoki\Clock;
use Oscartoki\Http\Answer;
use Oscartoki\Http\NetworkError;
use Oscartoki\OscarError;

use function Oscartoki\secretFrom;

require __DIR__ . '/../../.oscar/php/app/vendor/autoload.php';
require __DIR__ . '/options.php';

const USAGE = <<<'TEXT'
    usage: client --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']... [--ext LIST] [--repeatable] [--verify-first]
                  [--trust-clock] [--roll-every] [--count N] [--parallel N] [--clock-off-ms N] URL
      --secret FILE     an os2 secret, an oa2 audience key or an oz2 session
      --ext LIST        covered headers, in the service's order
      --repeatable      a POST that may be resent: needs idempotency-key in --ext and -H
      --verify-first    a probe goes before the request, whatever the clock says
      --trust-clock     no probe
      --roll-every      asks for the next grant on every request
      --count N         sends it N times, one after another
      --parallel N      N at once, of one client
      --clock-off-ms N  moves this client's clock

    TEXT;

/** A client from the key text, which may be of either kind. */
function clientOf(#[\SensitiveParameter] string $text, array $given): Client
{
    $options = ['ext' => names($given['--ext']), 'roll' => $given['--roll-every'] ? 'every' : 'auto'];
    return match (substr($text, 0, 4)) {
        'oa2.' => new Client(...$options, audienceKey: $text),
        'oz2.' => new Client(...$options, session: $text),
        default => new Client(...$options, secret: $text, audience: $given['--audience']),
    };
}

/** Prints what a request ended with; the exit code. */
function tell(Answer|OscarError|NetworkError $result): int
{
    if ($result instanceof NetworkError) {
        fwrite(STDERR, "error: network: {$result->getMessage()}\n");
        return 4;
    }
    if ($result instanceof OscarError) {
        fwrite(STDERR, "error: {$result->getMessage()} (may have run: " . ($result->mayHaveRun === false ? 'no' : 'yes') . ")\n");
        return 1;
    }
    $step = $result->step;
    $told = ["status $result->status", "code {$step->outcome->code}", "requests $step->requests"];
    foreach (['probed' => $step->probed, 'resent' => $step->resent, 'in session' => $step->inSession] as $word => $isSo) {
        if ($isSo) {
            $told[] = $word;
        }
    }
    echo $result->body, "\nverified: ", implode(', ', $told), "\n";
    return 0;
}

[$given, $rest] = options(array_slice($argv, 1), [
    '--secret' => 'one', '--audience' => 'one', '-X' => 'one', '-d' => 'one', '-H' => 'many', '--ext' => 'one', '--repeatable' => 'flag',
    '--verify-first' => 'flag', '--trust-clock' => 'flag', '--roll-every' => 'flag', '--count' => 'one', '--parallel' => 'one',
    '--clock-off-ms' => 'one',
], USAGE);
if (count($rest) !== 1 || $given['--secret'] === null) {
    fwrite(STDERR, USAGE);
    exit(2);
}
$url = $rest[0];
$method = $given['-X'] ?? ($given['-d'] === null ? 'GET' : 'POST');
$headers = array_map(static fn (string $line): array => array_map(trim(...), explode(':', $line, 2) + [1 => '']), $given['-H']);
Clock::$offMs = (int) $given['--clock-off-ms'];

try {
    $client = clientOf(secretFrom($given['--secret']), $given);
} catch (OscarError | RuntimeException $error) {
    fwrite(STDERR, "error: {$error->getMessage()}\n");
    exit(3);
}
$http = $client->curl(
    repeatable: $given['--repeatable'],
    trustClock: $given['--trust-clock'],
    verifyFirst: $given['--verify-first'],
);
$request = [$method, $url, $given['-d'], $headers];
$exit = 0;
for ($round = max(1, (int) ($given['--count'] ?? 1)); $round > 0 && $exit === 0; $round--) {
    foreach ($http->all(array_fill(0, max(1, (int) ($given['--parallel'] ?? 1)), $request)) as $result) {
        $exit = max($exit, tell($result));
    }
}
exit($exit);
