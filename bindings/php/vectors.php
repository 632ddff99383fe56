<?php

/**
 * vectors.php AUTOLOAD FILE...: runs files in the format of core/vectors/README.md through the public API of the installed package.
 *
 * Prints `FAIL <file>: <name>: got …, want …` for each failing case, then the tally. Exit 1: a case failed; 2: a file can't be read.
 */

declare(strict_types=1);

use Oscartoki\AudienceKey;
use Oscartoki\Client;
use Oscartoki\Errors;
use Oscartoki\Hazmat;
use Oscartoki\Keyring;
use Oscartoki\MemoryReplayLog;
use Oscartoki\OscarError;
use Oscartoki\Outcome;
use Oscartoki\PendingBody;
use Oscartoki\Secret;
use Oscartoki\Service;
use Oscartoki\Session;
use Oscartoki\Socktopus;
use Oscartoki\Tcx;
use Oscartoki\V1;

use function Oscartoki\normaliseAuthority;

if ($argc < 3) {
    fwrite(STDERR, "usage: vectors.php AUTOLOAD FILE...\n");
    exit(2);
}
require $argv[1];

const KEY = 'secret_hex audience_key audience generation ';
const REQUEST = 'method authority target ext_hex body_hex body_sha256_hex ';
const ANSWER = 'status grant ext_hex body_hex body_sha256_hex ';
const CARRIED = [
    'message' => 'destination type ext_hex body_hex body_sha256_hex toki',
    'ticket' => 'ticket origin',
    'url' => 'method authority target ext_hex',
];

/** A member or an op that the page does not name: a failing case, never a skip. */
final class Unknown extends Exception {}

/** The `in` of a case or step; absent and null are both "not given". */
final class Given
{
    public function __construct(private array $members, ?string $allowed = null)
    {
        foreach ($allowed === null ? [] : array_keys($members) as $member) {
            if (!in_array((string) $member, explode(' ', $allowed), true)) {
                throw new Unknown("member $member");
            }
        }
    }

    public function of(string $name): mixed
    {
        return $this->members[$name] ?? null;
    }

    public function text(string $name): string
    {
        return $this->of($name) ?? '';
    }

    public function hex(string $name): string
    {
        return $this->optHex($name) ?? '';
    }

    public function optHex(string $name): ?string
    {
        $hex = $this->of($name);
        return $hex === null ? null : (hex2bin($hex) ?: ($hex === '' ? '' : throw new Unknown("hex in $name")));
    }

    /** A number; one beyond 64 bits fits no field. */
    public function number(string $name): ?int
    {
        $number = $this->of($name);
        return is_float($number) ? throw new Errors\Unsignable('a number beyond 64 bits') : $number;
    }

    /** As named arguments: the body, or its digest. */
    public function content(): array
    {
        $digest = $this->optHex('body_sha256_hex');
        return ['body' => $digest === null ? $this->hex('body_hex') : null, 'digest' => $digest];
    }

    public function request(): array
    {
        return ['method' => $this->text('method'), 'authority' => $this->text('authority'), 'target' => $this->text('target'),
            'ext' => $this->hex('ext_hex'), ...$this->content()];
    }

    /** `$error` is the class for what can't be a key's audience or generation. */
    public function key(string $error = Errors\Malformed::class): AudienceKey
    {
        if ($this->of('audience_key') !== null) {
            return new AudienceKey($this->of('audience_key'));
        }
        try {
            $audience = $this->of('audience') ?? normaliseAuthority($this->text('authority'));
            return Secret::fromBytes($this->hex('secret_hex'))->audienceKey($audience, $this->number('generation') ?? 0);
        } catch (Errors\Unsignable | Errors\Malformed $refusal) {
            throw new $error($refusal->getMessage());
        }
    }

    public function pass(): Tcx\Pass
    {
        return new Tcx\Pass($this->text('app_public'), $this->of('mode') ?? 'none', $this->of('params') ?? [], $this->of('datetime'));
    }

    public function freshService(): Service
    {
        [$key, $audience, $names] = [$this->key(), $this->text('audience'), []];
        try {
            normaliseAuthority($audience);
            $names = [$audience];
        } catch (OscarError) {
        }
        return serviceOf([$key], $names, $this->number('now_ms'), $audience ?: 'audience');
    }
}

function serviceOf(array $keys, array $names, int $nowMs, string $audience, ?int $capacity = null, mixed ...$options): Service
{
    $ring = new Keyring($audience);
    array_map($ring->add(...), $keys);
    $memory = $capacity === null ? new MemoryReplayLog(1 << 14) : new MemoryReplayLog($capacity, exact: true);
    $usual = ['firstStart' => true, 'emptyQueryHidden' => false];
    return new Service(...[...$usual, ...$options], authorities: $names, keyring: $ring, memory: $memory, nowMs: $nowMs);
}

function hexOf(?string $bytes): ?string
{
    return $bytes === null ? null : bin2hex($bytes);
}

/** Each op: the members it takes, and what it does. */
function ops(): array
{
    static $ops = null;
    return $ops ??= [
        // ---- keys ----
        'key.derive' => ['secret_hex secret audience generation', static function (Given $given): array {
            $secret = $given->of('secret') === null ? Secret::fromBytes($given->hex('secret_hex')) : new Secret($given->of('secret'));
            $key = $secret->audienceKey($given->text('audience'), $given->number('generation') ?? 0);
            return ['secret' => $secret->toText(), 'kid_hex' => bin2hex($key->kid()), 'audience_key' => $key->toText(),
                'audience_key_hex' => bin2hex(Hazmat::expose($key))];
        }],
        'key.parse' => ['text kind', static function (Given $given): array {
            $kinds = ['secret' => Secret::class, 'audience_key' => AudienceKey::class, 'session' => Session::class];
            $kind = $kinds[$given->text('kind')] ?? throw new Unknown('kind');
            return ['text' => (new $kind($given->text('text')))->toText()];
        }],

        // ---- requests and answers ----
        'toki.mint' => [KEY . REQUEST . 'ts_ms nonce_hex want grant', static fn (Given $given): array => [
            'toki' => Hazmat::mintRequest($given->key(Errors\Unsignable::class), ...$given->request(), tsMs: $given->number('ts_ms'),
                nonce: $given->hex('nonce_hex'), want: (bool) $given->of('want'), grant: $given->of('grant')),
        ]],
        'toki.verify' => [KEY . REQUEST . 'now_ms toki grant finish_body_hex', static fn (Given $given): array => verifyStep($given->freshService(), $given)],
        'grant.mint' => [KEY . 'request_toki sid_hex exp_s ttl_s', static fn (Given $given): array => [
            'grant' => Hazmat::mintGrant($given->key(Errors\Unsignable::class), $given->text('request_toki'), $given->hex('sid_hex'),
                $given->number('exp_s'), $given->number('ttl_s')),
        ]],
        'answer.mint' => [KEY . ANSWER . 'session_grant request_toki code ts_ms', static fn (Given $given): array => [
            'toki' => Hazmat::mintAnswer($given->key(Errors\Unsignable::class), $given->text('request_toki'), $given->number('status'),
                ...$given->content(), code: $given->number('code'), tsMs: $given->number('ts_ms'), sessionGrant: $given->of('session_grant'),
                grant: $given->of('grant'), ext: $given->hex('ext_hex')),
        ]],
        'answer.verify' => [KEY . ANSWER . 'session_grant request_toki toki', static function (Given $given): array {
            $judged = Hazmat::accept($given->key(), $given->text('request_toki'), $given->number('status'), ...$given->content(),
                toki: $given->of('toki'), grant: $given->of('grant'), sessionGrant: $given->of('session_grant'), ext: $given->hex('ext_hex'));
            return ['code' => $judged->outcome->code, 'ts_ms' => $judged->tsMs, 'sid_hex' => hexOf($judged->outcome->adoptedSid)];
        }],

        // ---- messages, URLs, tickets ----
        'message.mint' => [KEY . 'destination type ext_hex body_hex body_sha256_hex ts_ms nonce_hex ttl_s', static function (Given $given): array {
            ['body' => $body, 'digest' => $digest] = $given->content();
            return ['toki' => Hazmat::mintMessage($given->key(Errors\Unsignable::class), $given->text('destination'), $given->text('type'), $body ?? '',
                $given->number('ts_ms'), $given->hex('nonce_hex'), $given->number('ttl_s'), $given->hex('ext_hex'), $digest)];
        }],
        'url.mint' => [KEY . 'method authority target ext_hex exp_ms', static fn (Given $given): array => [
            'target' => Hazmat::mintUrl($given->key(Errors\Unsignable::class), $given->text('method'), $given->text('authority'), $given->text('target'),
                $given->number('exp_ms'), $given->hex('ext_hex')),
        ]],
        'ticket.mint' => [KEY . 'connection_hex origin ts_ms nonce_hex', static fn (Given $given): array => [
            'ticket' => Hazmat::mintTicket($given->key(Errors\Unsignable::class), $given->hex('connection_hex'), $given->number('ts_ms'),
                $given->hex('nonce_hex'), $given->of('origin')),
        ]],
        'message.verify' => [KEY . CARRIED['message'] . ' now_ms', static fn (Given $given): array => messageStep($given->freshService(), $given)],
        'url.verify' => [KEY . CARRIED['url'] . ' now_ms', static fn (Given $given): array => urlStep($given->freshService(), $given)],
        'ticket.verify' => [KEY . CARRIED['ticket'] . ' now_ms', static fn (Given $given): array => ticketStep($given->freshService(), $given)],

        // ---- OscarToki v1 ----
        'v1.mint' => ['key now_ms', static fn (Given $given): array => ['toki' => (new V1\Key($given->text('key')))->mint($given->number('now_ms'))]],
        'v1.verify' => ['key toki now_ms dialect', static fn (Given $given): array => [
            'ts_ms' => (new V1\Key($given->text('key')))->verify($given->text('toki'), $given->of('dialect') ?? 'any', $given->number('now_ms')),
        ]],
        'v1.tokikey.mint' => ['key toki now_ms', static fn (Given $given): array => [
            'tokikey' => (new V1\Key($given->text('key')))->mintTokikey($given->text('toki'), $given->number('now_ms')),
        ]],
        'v1.tokikey.verify' => ['key toki tokikey now_ms dialect', static function (Given $given): array {
            (new V1\Key($given->text('key')))->verifyTokikey($given->text('toki'), $given->text('tokikey'), $given->of('dialect') ?? 'any',
                $given->number('now_ms'));
            return [];
        }],

        // ---- TCX ----
        'tcx.pass.mint' => ['mode params datetime app_public client_token dialect', static fn (Given $given): array => [
            'app_pass' => $given->pass()->mint($given->text('client_token'), $given->of('dialect') ?? 'documented'),
        ]],
        'tcx.pass.verify' => ['mode params datetime app_public app_pass now_ms strict', static function (Given $given): array {
            $found = $given->pass()->verify($given->text('app_pass'), $given->of('strict') ?? true, $given->number('now_ms'));
            return ['client_token' => $found->clientToken, 'dialect' => $found->dialect];
        }],
        'tcx.headers' => ['type app_id app_pass token', static fn (Given $given): array => [
            'headers' => Tcx\headers($given->text('type'), $given->text('app_id'), $given->text('app_pass'), $given->of('token')),
        ]],
        'tcx.verdict' => ['code table route', static fn (Given $given): array => Tcx\verdict(
            $given->text('code'),
            $given->of('table') ?? 'documented',
            $given->of('route') ?? 'call',
        )->jsonSerialize()],

        // ---- Socktopus ----
        'socktopus.mint' => ['secret app connection ts_ms', static fn (Given $given): array => [
            'token' => Socktopus\Token::mint($given->text('secret'), $given->text('app'), $given->text('connection'), $given->number('ts_ms')),
        ]],
        'socktopus.verify' => ['secrets token now_ms', static function (Given $given): array {
            $found = Socktopus\Token::verify($given->of('secrets') ?? [], $given->text('token'), $given->number('now_ms'));
            return ['app' => $found->app, 'connection' => $found->connection, 'ts_ms' => $found->tsMs];
        }],

        // ---- the two operations with steps ----
        'service' => ['keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps', static fn (Given $given) => new ServiceSteps($given)],
        'client' => [KEY . 'delegated steps', static fn (Given $given) => new ClientSteps($given)],
    ];
}

function verifyStep(Service $service, Given $given): array
{
    $verdict = $service->verify(...$given->request(), toki: $given->of('toki'), grant: $given->of('grant'), nowMs: $given->number('now_ms'));
    if ($verdict instanceof PendingBody) {
        $arrived = $given->optHex('finish_body_hex');
        $verdict = $arrived === null ? $verdict->finish(digest: $given->hex('body_sha256_hex')) : $verdict->finish($arrived);
    }
    $verdict->throwForRefusal();
    return ['kid_hex' => bin2hex($verdict->kid()), 'sid_hex' => hexOf($verdict->sid()), 'ts_ms' => $verdict->tsMs(),
        'nonce_hex' => bin2hex($verdict->nonce()), 'want' => $verdict->want()];
}

function messageStep(Service $service, Given $given): array
{
    ['body' => $body, 'digest' => $digest] = $given->content();
    $made = $service->verifyMessage($given->text('destination'), $given->text('type'), $body ?? '', $given->of('toki'), $given->hex('ext_hex'), $digest,
        nowMs: $given->number('now_ms'));
    return ['kid_hex' => bin2hex($made->kid), 'ts_ms' => $made->tsMs, 'ttl_s' => $made->ttlS, 'verdict' => $made->freshness];
}

function urlStep(Service $service, Given $given): array
{
    $made = $service->verifyUrl($given->text('method'), $given->text('authority'), $given->text('target'), $given->hex('ext_hex'),
        nowMs: $given->number('now_ms'));
    return ['kid_hex' => bin2hex($made->kid), 'exp_ms' => $made->expMs];
}

function ticketStep(Service $service, Given $given): array
{
    $made = $service->verifyTicket($given->of('ticket'), $given->of('origin'), nowMs: $given->number('now_ms'));
    return ['kid_hex' => bin2hex($made->kid), 'connection_hex' => bin2hex($made->connection), 'ts_ms' => $made->tsMs];
}

/** A construction that worked, and what each of its steps gives. */
abstract class Steps
{
    protected const MEMBERS = [];

    public function take(int $index, string $do, array $given): array
    {
        $allowed = static::MEMBERS[$do] ?? throw new Unknown("step $do");
        return $this->$do($index, new Given($given, $allowed));
    }
}

final class ServiceSteps extends Steps
{
    protected const MEMBERS = [
        'verify' => REQUEST . 'now_ms toki grant finish_body_hex',
        'revoke_key' => 'kid_hex now_ms',
        'revoke_session' => 'kid_hex sid_hex now_ms',
        'revoke_issued_before' => 'kid_hex before_s now_ms',
        'message' => KEY . CARRIED['message'] . ' now_ms',
        'url' => KEY . CARRIED['url'] . ' now_ms',
        'ticket' => KEY . CARRIED['ticket'] . ' now_ms',
    ];

    private Service $service;

    public function __construct(Given $given)
    {
        if (!in_array($given->of('memory'), [null, 'local'], true)) {
            throw new Unknown('memory');
        }
        $held = array_map(static fn (array $key): Given => new Given($key, KEY), $given->of('keys') ?? []);
        $options = array_filter([
            'windowMs' => $given->number('window_ms'), 'maxTtlS' => $given->number('max_ttl_s'), 'firstStart' => $given->of('first_start'),
            'capacity' => $given->number('capacity'),
        ], static fn ($option): bool => $option !== null);
        $audiences = array_filter(array_map(static fn (Given $key): string => $key->text('audience'), $held));
        $keys = array_map(static fn (Given $key): AudienceKey => $key->key(), $held);
        $this->service = serviceOf($keys, $given->of('authorities') ?? [], $given->number('start_ms') ?? 0, reset($audiences) ?: 'audience', ...$options);
    }

    protected function verify(int $index, Given $given): array
    {
        return verifyStep($this->service, $given);
    }

    protected function message(int $index, Given $given): array
    {
        return messageStep($this->service, $given);
    }

    protected function url(int $index, Given $given): array
    {
        return urlStep($this->service, $given);
    }

    protected function ticket(int $index, Given $given): array
    {
        return ticketStep($this->service, $given);
    }

    protected function revoke_key(int $index, Given $given): array
    {
        $this->service->revokeKey($given->hex('kid_hex'));
        return [];
    }

    protected function revoke_session(int $index, Given $given): array
    {
        $this->service->revokeSession($given->hex('kid_hex'), $given->hex('sid_hex'));
        return [];
    }

    protected function revoke_issued_before(int $index, Given $given): array
    {
        $this->service->revokeIssuedBefore($given->hex('kid_hex'), $given->number('before_s'));
        return [];
    }
}

final class ClientSteps extends Steps
{
    protected const MEMBERS = [
        'sign' => REQUEST . 'now_ms repeatable trust_clock resend_of nonce_hex',
        'accept' => 'of now_ms status toki grant ext_hex body_hex body_sha256_hex',
    ];

    private Client $client;
    private array $signed = [];

    public function __construct(Given $given)
    {
        $this->client = $given->of('delegated') === null
            ? new Client(audienceKey: $given->key(Errors\Unsignable::class))
            : new Client(session: $given->of('delegated'));
    }

    protected function sign(int $index, Given $given): array
    {
        try {
            $signed = Hazmat::sign($this->client, ...$given->request(), nonce: $given->hex('nonce_hex'), nowMs: $given->number('now_ms'),
                repeatable: (bool) $given->of('repeatable'), trustClock: (bool) $given->of('trust_clock'), resend: $given->of('resend_of') !== null);
        } catch (OscarError $error) {
            return ['error' => $error->errorName, 'may_have_run' => $error->mayHaveRun, 'signed' => $error->signed, 'resend' => false];
        }
        $this->signed[$index] = $signed;
        return ['probe' => $signed->isProbe(), 'toki' => $signed->toki(), 'grant' => $signed->grant()];
    }

    protected function accept(int $index, Given $given): array
    {
        $outcome = $this->client->accept($this->signed[$given->of('of')], $given->number('status'), ...$given->content(), toki: $given->of('toki'),
            grant: $given->of('grant'), ext: $given->hex('ext_hex'), receivedMs: $given->number('now_ms'), monoMs: 0);
        $said = ['resend' => $outcome->resend, 'offset_ms' => $outcome->offsetMs, 'sid_hex' => hexOf($outcome->adoptedSid), 'code' => $outcome->code,
            'grant_error' => $outcome->grantError, 'may_have_run' => $outcome->mayHaveRun, 'signed' => $outcome->signed];
        return $outcome->name === null ? $said : [...$said, 'error' => $outcome->name];
    }
}

// ---- judging ----

function agrees(array $expect, array $got): bool
{
    if (array_key_exists('ok', $expect)) {
        if (count($expect) !== 1 || isset($got['error'])) {
            return false;
        }
        foreach ($expect['ok'] ?? [] as $name => $wanted) {
            $found = $got[$name] ?? null;
            if (is_array($wanted) && is_array($found)) {
                // The order of an object's members is nothing.
                ksort($wanted);
                ksort($found);
            }
            if ($found !== $wanted) {
                return false;
            }
        }
        return true;
    }
    $names = $expect['error_any_of'] ?? [$expect['error'] ?? null];
    foreach ($names as $name) {
        if (!is_string($name) || !is_subclass_of('Oscartoki\\Errors\\' . str_replace('_', '', ucwords($name, '_')), OscarError::class)) {
            return false;
        }
    }
    foreach ($expect as $name => $wanted) {
        if (!in_array($name, ['error', 'error_any_of'], true) && (!array_key_exists($name, $got) || $got[$name] !== $wanted)) {
            return false;
        }
    }
    return in_array($got['error'] ?? null, $names, true);
}

/** What a call gives: its result, or the name of its error. */
function attempt(callable $run, mixed ...$given): mixed
{
    try {
        return $run(...$given);
    } catch (OscarError $error) {
        return ['error' => $error->errorName];
    }
}

/** Null, or what was got and wanted. */
function judge(array $case): ?array
{
    [$allowed, $run] = ops()[$case['op']] ?? throw new Unknown("op {$case['op']}");
    $got = attempt(static fn () => $run(new Given($case['in'], $allowed)));
    if (!$got instanceof Steps) {
        return agrees($case['expect'], $got) ? null : [$got, $case['expect']];
    }
    if (!agrees($case['expect'], [])) {
        return [[], $case['expect']];
    }
    foreach ($case['in']['steps'] as $index => $step) {
        $told = attempt($got->take(...), $index, $step['do'], $step['in'] ?? []);
        if (!agrees($step['expect'], $told)) {
            return ["step $index " . json_encode($told), $step['expect']];
        }
    }
    return null;
}

[$passed, $failed] = [0, 0];
foreach (array_slice($argv, 2) as $file) {
    $text = is_readable($file) && is_file($file) ? file_get_contents($file) : false;
    $cases = $text === false ? null : json_decode($text, true)['cases'] ?? null;
    if (!is_array($cases)) {
        fwrite(STDERR, "$file: can't be read as a file of vectors\n");
        exit(2);
    }
    foreach ($cases as $case) {
        try {
            $verdict = judge($case);
        } catch (Throwable $error) {
            // Whatever a case does to the runner, it is a failing case.
            $verdict = [get_class($error) . ': ' . $error->getMessage(), $case['expect'] ?? null];
        }
        if ($verdict === null) {
            $passed++;
            continue;
        }
        $failed++;
        [$got, $want] = array_map(static fn ($part) => is_string($part) ? $part : json_encode($part, JSON_UNESCAPED_UNICODE), $verdict);
        echo "FAIL $file: " . ($case['name'] ?? '') . ": got $got, want $want\n";
    }
}
echo "$passed passed, $failed failed\n";
exit($failed > 0 ? 1 : 0);
