<?php

/**
 * bench.php AUTOLOAD [--json] [--peers AUTOLOAD]: signing and verifying from PHP against the same by hand, and against firebase/php-jwt where it is at
 * hand. Both sides in turns, the median of the rounds. Runs the package that is installed, with opcache as FPM has it.
 *
 * By hand is what the layout of a toki asks of PHP's own functions: base64url, packing and unpacking, `hash_hmac`, `hash_equals`, the clock, a nonce.
 */

declare(strict_types=1);

use Oscartoki\Client;
use Oscartoki\MemoryReplayLog;
use Oscartoki\Secret;
use Oscartoki\Service;

require $argv[1];

const NAME = 'api.example.com';
const METHOD = 'GET';
const TARGET = '/v1/accounts?limit=10&after=2026-11-25&x';
const ROUNDS = 41;
const CALLS = 500;
const KID = 'kidkidki';
// A body of 1 KB.
define('BODY', json_encode(['items' => array_fill(0, 24, ['id' => 'c0ffee', 'amount' => 1000, 'to' => 'x'])]));

final class ByHand
{
    /** @var array<string, true> */
    public array $seen = [];

    public function __construct(private readonly string $key) {}

    private static function lp(string $field): string
    {
        return pack('n', strlen($field)) . $field;
    }

    public function sign(string $method, string $authority, string $target, string $body = ''): string
    {
        $head = ($body === '' ? "\x21\0" : "\x21\2") . KID . substr(pack('J', (int) (microtime(true) * 1000)), 2) . random_bytes(8);
        $message = $head . self::lp($method) . self::lp($authority) . self::lp($target) . self::lp('')
            . ($body === '' ? '' : hash('sha256', $body, true));
        $tag = substr(hash_hmac('sha256', $message, $this->key, true), 0, 16);
        return 'ot2.' . rtrim(strtr(base64_encode($head . $tag), '+/', '-_'), '=');
    }

    public function verify(string $method, string $authority, string $target, string $toki, string $body = ''): string
    {
        if (strlen($toki) !== 58 || !str_starts_with($toki, 'ot2.')) {
            throw new RuntimeException('malformed');
        }
        $data = base64_decode(strtr(substr($toki, 4), '-_', '+/'), true);
        if ($data === false || strlen($data) !== 40) {
            throw new RuntimeException('malformed');
        }
        ['kind' => $kind, 'flags' => $flags, 'kid' => $kid, 'high' => $high, 'low' => $low] = unpack('Ckind/Cflags/a8kid/nhigh/Nlow', $data);
        if ($kind !== 0x21 || ($flags & ~0x0f) !== 0) {
            throw new RuntimeException('malformed');
        }
        if ($kid !== KID) {
            throw new RuntimeException('unknown_key');
        }
        $message = substr($data, 0, 24) . self::lp($method) . self::lp($authority) . self::lp($target) . self::lp('')
            . ($body === '' ? '' : hash('sha256', $body, true));
        $tag = substr(hash_hmac('sha256', $message, $this->key, true), 0, 16);
        if (!hash_equals($tag, substr($data, 24))) {
            throw new RuntimeException('bad_mac');
        }
        $age = (int) (microtime(true) * 1000) - ($high << 32 | $low);
        if ($age > 30_000 || $age < -2_000) {
            throw new RuntimeException('stale');
        }
        return $tag;
    }

    public function service(string $method, string $authority, string $target, string $toki, string $body = ''): void
    {
        $tag = $this->verify($method, $authority, $target, $toki, $body);
        if (isset($this->seen[$tag])) {
            throw new RuntimeException('replayed');
        }
        $this->seen[$tag] = true;
    }
}

/**
 * Nanoseconds a call of each, in turns; each gives what one round calls, and with what.
 *
 * @param array<string, callable(): array{callable, list<mixed>}> $runs
 * @return array<string, float>
 */
function medians(array $runs): array
{
    $rounds = array_fill_keys(array_keys($runs), []);
    for ($round = 0; $round < ROUNDS; $round++) {
        foreach ($runs as $name => $prepare) {
            [$run, $given] = $prepare();
            $began = hrtime(true);
            foreach ($given as $one) {
                $run($one);
            }
            $rounds[$name][] = (hrtime(true) - $began) / count($given);
        }
    }
    return array_map(static function (array $all): float {
        sort($all);
        return $all[intdiv(count($all), 2)];
    }, $rounds);
}

$secret = Secret::generate();
$client = new Client($secret, NAME, trustClock: true);
$service = new Service([$secret->audienceKey(NAME)], [NAME], memory: new MemoryReplayLog(1 << 20), firstStart: true);
// A session, as all requests but the first are.
$first = $client->sign(METHOD, NAME, TARGET);
[$toki, $grant] = $service->answer($service->verify(METHOD, NAME, TARGET, $first->toki()), 200);
$client->accept($first, 200, toki: $toki, grant: $grant)->throwForRefusal();
$root = new Client($secret, NAME, trustClock: true);
$hand = new ByHand(random_bytes(32));

$proofs = static fn (Client $client): array => array_map(static function () use ($client): array {
    $signed = $client->sign(METHOD, NAME, TARGET);
    return [$signed->toki(), $signed->grant()];
}, range(1, CALLS));
$verified = static function (array $proof) use ($service): void {
    $service->verify(METHOD, NAME, TARGET, $proof[0], $proof[1])->accepted() || throw new RuntimeException('an honest request was refused');
};
$byHand = static fn (): array => array_map(static fn (): string => $hand->sign(METHOD, NAME, TARGET), range(1, CALLS));
$posts = static fn (): array => array_map(static fn (): string => $root->sign('POST', NAME, TARGET, BODY)->toki(), range(1, CALLS));
$postVerified = static function (string $toki) use ($service): void {
    $service->verify('POST', NAME, TARGET, $toki, null, BODY)->accepted() || throw new RuntimeException('an honest request was refused');
};
$postsByHand = static fn (): array => array_map(static fn (): string => $hand->sign('POST', NAME, TARGET, BODY), range(1, CALLS));
$times = range(1, CALLS);
$runs = [
    'post verify' => static fn (): array => [$postVerified, $posts()],
    'post verify by hand' => static fn (): array => [static fn (string $toki) => $hand->service('POST', NAME, TARGET, $toki, BODY), $postsByHand()],
    'post sign' => static fn (): array => [static fn () => $root->sign('POST', NAME, TARGET, BODY)->toki(), $times],
    'post sign by hand' => static fn (): array => [static fn () => $hand->sign('POST', NAME, TARGET, BODY), $times],
    'verify' => static fn (): array => [$verified, $proofs($root)],
    'verify by hand' => static fn (): array => [static fn (string $toki) => $hand->service(METHOD, NAME, TARGET, $toki), $byHand()],
    'verify in a session' => static fn (): array => [$verified, $proofs($client)],
    'sign' => static fn (): array => [static fn () => $root->sign(METHOD, NAME, TARGET)->toki(), $times],
    'sign by hand' => static fn (): array => [static fn () => $hand->sign(METHOD, NAME, TARGET), $times],
    'sign in a session' => static fn (): array => [static fn () => $client->sign(METHOD, NAME, TARGET)->headers(), $times],
];
$peers = array_search('--peers', $argv, true);
if ($peers !== false) {
    require $argv[$peers + 1];
    $key = new Firebase\JWT\Key(random_bytes(32), 'HS256');
    $claims = ['sub' => KID, 'aud' => NAME, 'jti' => '0123456789abcdef'];
    $encode = static fn (): string => Firebase\JWT\JWT::encode($claims + ['iat' => time(), 'exp' => time() + 60], $key->getKeyMaterial(), 'HS256');
    $runs['jwt encode'] = static fn (): array => [$encode, $times];
    $runs['jwt decode'] = static fn (): array => [static fn (string $text) => Firebase\JWT\JWT::decode($text, $key), array_fill(0, CALLS, $encode())];
}
$ns = medians($runs);

$rows = [
    ['Service::verify, POST of 1 KB', 'post verify', 'hash_hmac by hand, with a set', 'post verify by hand', 0.3],
    ['Client::sign, POST of 1 KB', 'post sign', 'hash_hmac by hand', 'post sign by hand', 0.3],
    ['Service::verify, GET', 'verify', 'hash_hmac by hand, with a set', 'verify by hand', 0.3],
    ['Client::sign, GET', 'sign', 'hash_hmac by hand', 'sign by hand', 0.3],
    ['Service::verify, GET in a session', 'verify in a session', 'hash_hmac by hand, with a set', 'verify by hand', null],
    ['Client::sign, GET in a session', 'sign in a session', 'hash_hmac by hand', 'sign by hand', null],
];
if ($peers !== false) {
    $rows[] = ['Service::verify, GET', 'verify', 'firebase/php-jwt decode HS256', 'jwt decode', null];
    $rows[] = ['Client::sign, GET', 'sign', 'firebase/php-jwt encode HS256', 'jwt encode', null];
}
foreach ($rows as [$what, $ours, $peer, $theirs, $bar]) {
    $ratio = round($ns[$ours] / $ns[$theirs], 3);
    $row = ['what' => $what, 'ours_ns' => round($ns[$ours], 1), 'peer' => $peer, 'peer_ns' => round($ns[$theirs], 1), 'ratio' => $ratio, 'bar' => $bar,
        'met' => $bar === null ? null : $ratio <= $bar];
    if (in_array('--json', $argv, true)) {
        echo json_encode($row, JSON_PRESERVE_ZERO_FRACTION | JSON_UNESCAPED_SLASHES), "\n";
    } else {
        printf("%-34s %8.0f ns   %-32s %8.0f ns   ratio %.2f   %s\n", $what, $row['ours_ns'], $peer, $row['peer_ns'], $ratio,
            $bar === null ? '' : "bar $bar   " . ($row['met'] ? 'met' : 'MISSED'));
    }
}
