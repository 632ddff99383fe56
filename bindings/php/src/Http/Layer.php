<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\Errors\RawTargetHidden;
use Oscartoki\Handshake;
use Oscartoki\PendingBody;
use Oscartoki\Refusal;
use Oscartoki\Service;
use Oscartoki\Verdict;

/**
 * What the layers of a service share: the body's reading, which headers an answer gets, which content is covered.
 *
 * @internal
 */
final class Layer
{
    public function __construct(public readonly Service $service) {}

    /**
     * The verdict, and the body where it was read.
     *
     * @param list<array{string, string}> $headers
     * @param callable(int): string $read the body, at most so many bytes of it
     * @return array{Verdict, ?string}
     */
    public function judge(string $method, string $target, array $headers, callable $read): array
    {
        $most = $this->service->maxBody();
        $body = $this->service->wantsBody($method, $target, $headers) ? $read($most + 1) : null;
        $verdict = $this->service->verifyHead($method, $target, $headers, $body);
        if ($verdict instanceof PendingBody) {
            $body = $read($most + 1);
            $verdict = \strlen($body) > $most ? $verdict->tooLarge() : $verdict->finish($body);
        }
        return [$verdict, $body];
    }

    /**
     * The headers that the answer to a verified request gets; they replace those of the same name.
     *
     * @param list<array{string, string}> $headers the answer's own
     * @param ?string $body null: content that is not covered
     * @return array<string, string>
     */
    public function sign(Verdict $verdict, string $method, int $status, array $headers, ?string $body): array
    {
        $ours = ['Cache-Control' => 'no-store, no-transform'];
        $kept = array_filter($headers, static fn (array $pair): bool => !\in_array(strtolower($pair[0]), ['oscartoki', 'oscartokikey', 'cache-control'], true));
        if ($method === 'HEAD' || $status === 204 || $status === 304) {
            $body = null;
        }
        [$toki, $grant] = $this->service->answerHead($verdict, $status, [...$kept, ['Cache-Control', $ours['Cache-Control']]], $body);
        $ours['Oscartoki'] = $toki;
        if ($grant !== null) {
            $ours['Oscartokikey'] = $grant;
        }
        return $ours;
    }

    /**
     * Status, headers and body of the answer to what may not run.
     *
     * @return array{int, array<string, string>, string}
     */
    public function turnDown(Verdict $verdict, string $method): array
    {
        if ($verdict instanceof Handshake) {
            [$toki, $body] = $verdict->reply();
            return [200, ['Content-Type' => 'application/json', 'Oscartoki' => $toki], $method === 'HEAD' ? '' : $body];
        }
        if (!$verdict instanceof Refusal) {
            throw new \LogicException('a verdict is one of four kinds');
        }
        $headers = $verdict->wwwAuthenticate() ? ['WWW-Authenticate' => 'oscartoki'] : [];
        if ($verdict->signed()) {
            $pairs = array_map(static fn (string $name): array => [$name, $headers[$name]], array_keys($headers));
            return [$verdict->status(), $headers + $this->sign($verdict, $method, $verdict->status(), $pairs, ''), ''];
        }
        $headers['Oscartoki-Error'] = $verdict->name();
        if ($verdict->version() === 1 && $method !== 'HEAD') {
            // The clients of OscarToki v1 read their refusals here.
            return [$verdict->status(), $headers + ['Content-Type' => 'application/json'], json_encode(['status' => 'error', 'message' => $verdict->name()])];
        }
        return [$verdict->status(), $headers, ''];
    }

    /**
     * The answer where raw target or raw body are hidden: a mistake of the set-up, said in log and answer.
     *
     * @return array{int, array<string, string>, string}
     */
    public static function hidden(RawTargetHidden $error): array
    {
        error_log('oscartoki: ' . $error->getMessage());
        return [500, ['Content-Type' => 'text/plain', 'Oscartoki-Error' => 'raw_target_hidden'], $error->getMessage()];
    }

    /**
     * The answer of an application that has thrown, in the log and not on the wire.
     *
     * @return array{int, array<string, string>}
     */
    public function fault(Verdict $verdict, string $method, \Throwable $fault): array
    {
        error_log((string) $fault);
        return [500, $this->sign($verdict, $method, 500, [], '')];
    }

    /**
     * Whether content with this head is buffered and digested.
     *
     * @param list<array{string, string}> $headers
     */
    public static function coverable(array $headers): bool
    {
        foreach ($headers as [$name, $value]) {
            $name = strtolower($name);
            if ($name === 'content-encoding' && !\in_array(strtolower(trim($value)), ['', 'identity'], true)) {
                return false;
            }
            if ($name === 'content-type' && strtolower(trim(explode(';', $value)[0])) === 'text/event-stream') {
                return false;
            }
        }
        return true;
    }

    /** A preflight of CORS, which carries no toki and is the application's to answer, where it does so inside of the layer. */
    public static function isPreflight(string $method, array $headers): bool
    {
        $names = array_map(static fn (array $pair): string => strtolower($pair[0]), $headers);
        return $method === 'OPTIONS' && \in_array('origin', $names, true) && \in_array('access-control-request-method', $names, true)
            && !\in_array('oscartoki', $names, true);
    }

    /** PHP itself reads a multipart form before any code runs; its raw bytes are then gone. */
    public static function rawBodyOrThrow(string $method, string $type): void
    {
        if ($method === 'POST' && \PHP_SAPI !== 'cli' && str_starts_with(strtolower(trim($type)), 'multipart/form-data') && \ini_get('enable_post_data_reading')) {
            throw new RawTargetHidden('PHP has taken the raw body of this multipart form: say enable_post_data_reading=0 in php.ini (or the pool) for what is signed');
        }
    }
}
