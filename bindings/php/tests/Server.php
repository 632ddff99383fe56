<?php

declare(strict_types=1);

/** A program that listens, and ends with the test. */
final class Server
{
    public readonly string $url;
    public readonly string $log;
    private mixed $process;

    /**
     * @param list<string> $command
     * @param string $says the pattern of the line that tells the address, in its first group
     */
    public function __construct(array $command, string $says, array $env = [])
    {
        $this->log = tempnam(sys_get_temp_dir(), 'oscartoki-log');
        $this->process = proc_open($command, [['file', '/dev/null', 'r'], ['file', $this->log, 'a'], ['file', $this->log, 'a']], $pipes, null, $env + getenv());
        for ($tries = 0; $tries < 1500; $tries++) {
            if (preg_match($says, $this->said(), $found)) {
                $this->url = $found[1];
                return;
            }
            if (!proc_get_status($this->process)['running']) {
                break;
            }
            usleep(10_000);
        }
        throw new RuntimeException('the server does not listen: ' . $this->said());
    }

    /** examples/php/service: FPM behind nginx. */
    public static function fpm(string ...$arguments): self
    {
        $service = dirname(__DIR__, 3) . '/examples/php/service';
        return new self([$service, '--listen', '127.0.0.1:0', '--audience', World::NAME, ...$arguments], '~^listening on (http://\S+)$~m');
    }

    /** The command line tool. */
    public static function tool(): string
    {
        return getenv('OSCAR') ?: (getenv('CARGO_TARGET_DIR') ?: dirname(__DIR__, 3) . '/target') . '/release/oscar';
    }

    /** `oscar serve`. */
    public static function oscar(array $env, string ...$arguments): self
    {
        return new self([self::tool(), 'serve', '--listen', '127.0.0.1:0', '--first-start', ...$arguments], '~listening on (http://\S+)~', $env);
    }

    /** PHP's built-in server with a page of this folder. */
    public static function builtIn(array $settings, array $env, int $workers = 1, array $as = [], string $page = 'page'): self
    {
        $options = [];
        foreach ($settings as $name => $value) {
            array_push($options, '-d', "$name=$value");
        }
        $app = getenv('OSCAR_APP') ?: dirname(__DIR__, 3) . '/.oscar/php/app';
        // A plain worker count of 1 is refused by PHP.
        $workers = $workers > 1 ? ['PHP_CLI_SERVER_WORKERS' => (string) $workers] : [];
        return new self(
            [...$as, PHP_BINARY, ...$options, '-S', '127.0.0.1:0', __DIR__ . "/$page.php"],
            '~Development Server \((http://\S+)\) started~',
            $env + $workers + ['OSCAR_APP' => $app],
        );
    }

    /** PHP preloads into a scope of FFI only where its master is not root. */
    public static function unprivileged(): array
    {
        return posix_geteuid() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    }

    public function said(): string
    {
        return (string) file_get_contents($this->log);
    }

    /** Ends it; its exit code. */
    public function stop(): int
    {
        if ($this->process === null) {
            return -1;
        }
        $status = proc_get_status($this->process);
        // The workers of the built-in server outlive it.
        $workers = array_map(intval(...), explode("\n", (string) shell_exec("ps -o pid= --ppid {$status['pid']}")));
        $status['running'] && proc_terminate($this->process, SIGTERM);
        while (($status = proc_get_status($this->process))['running']) {
            usleep(10_000);
        }
        array_map(static fn (int $worker): bool => $worker > 0 && posix_kill($worker, SIGTERM), $workers);
        proc_close($this->process);
        $this->process = null;
        return $status['exitcode'];
    }

    /** Ends it as a crash would. */
    public function kill(): void
    {
        proc_terminate($this->process, SIGKILL);
        while (proc_get_status($this->process)['running']) {
            usleep(10_000);
        }
        $this->process = null;
    }

    public function __destruct()
    {
        $this->stop();
        @unlink($this->log);
    }

    /**
     * Raw HTTP by curl, in any number at once.
     *
     * @param list<array{string, string, list<string>, 3?: string}> $requests method, target, header lines, body
     * @return list<array{int, string, string}> status, head, body
     */
    public function send(array $requests): array
    {
        $multi = curl_multi_init();
        $all = [];
        foreach ($requests as $request) {
            $curl = curl_init();
            curl_setopt_array($curl, [
                CURLOPT_URL => $this->url, CURLOPT_REQUEST_TARGET => $request[1], CURLOPT_CUSTOMREQUEST => $request[0], CURLOPT_HTTPHEADER => ['Expect:', ...$request[2]],
                CURLOPT_RETURNTRANSFER => true, CURLOPT_HEADER => true, CURLOPT_NOBODY => $request[0] === 'HEAD', CURLOPT_TIMEOUT => 30,
            ]);
            isset($request[3]) && curl_setopt($curl, CURLOPT_POSTFIELDS, $request[3]);
            curl_multi_add_handle($multi, $curl);
            $all[] = $curl;
        }
        do {
            curl_multi_exec($multi, $running);
            $running > 0 && curl_multi_select($multi, 0.2);
        } while ($running > 0);
        return array_map(static function (CurlHandle $curl): array {
            [$head, $body] = explode("\r\n\r\n", (string) curl_multi_getcontent($curl), 2) + [1 => ''];
            return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $head, $body];
        }, $all);
    }
}
