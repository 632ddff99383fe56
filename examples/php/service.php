<?php

/**
 * A service in PHP: FPM behind nginx, answering as `oscar serve` does. The page is public/index.php; this program only starts the two and waits.
 *
 * `/echo` and everything under it take any method and need a toki. All workers share the file of `--memory`; without it, a file of this user. Prints
 * `listening on http://HOST:PORT` once it is ready. SIGTERM ends it with 0.
 */

declare(strict_types=1);

use Oscartoki\OscarError;
use Oscartoki\Service;

$autoload = realpath(__DIR__ . '/../../.oscar/php/app/vendor/autoload.php');
require $autoload;
require __DIR__ . '/options.php';

const USAGE = <<<'TEXT'
    usage: service --audience NAME --key FILE... [--listen HOST:PORT] [--authority NAME]... [--revocations FILE] [--memory FILE] [--ext LIST]
                   [--answer-ext LIST] [--first-start] [--workers N]
      --key FILE     oa2 keys and v1 lines; reread when it changes
      --first-start  no earlier process accepted these keys

    TEXT;

/** FPM and nginx in a folder of their own. */
final class Servers
{
    private readonly string $folder;
    /** @var list<resource> */
    private array $processes = [];

    public function __construct(private readonly string $host, private readonly int $workers, private readonly string $autoload)
    {
        $this->folder = sys_get_temp_dir() . '/oscartoki-php-' . bin2hex(random_bytes(6));
        mkdir($this->folder, 0700);
    }

    /** Starts both; whether they listen. */
    public function start(int $port, array $service): bool
    {
        file_put_contents("$this->folder/options.json", json_encode(['autoload' => $this->autoload, 'service' => $service]));
        file_put_contents("$this->folder/fpm.conf", $this->fpm());
        file_put_contents("$this->folder/nginx.conf", $this->nginx($port));
        $user = posix_getpwuid(posix_geteuid())['name'];
        $preload = dirname($this->autoload) . '/oscartoki/oscartoki/preload.php';
        $fpm = [self::program('php-fpm*'), '--nodaemonize', '--fpm-config', "$this->folder/fpm.conf", '-d', "opcache.preload=$preload", '-d',
            "opcache.preload_user=$user", ...(posix_geteuid() === 0 ? ['-R'] : [])];
        $this->processes = [
            $this->run($fpm),
            $this->run([self::program('nginx'), '-c', "$this->folder/nginx.conf", '-e', "$this->folder/nginx.log"]),
        ];
        for ($tries = 0; $tries < 250 && $this->alive(); $tries++) {
            $socket = file_exists("$this->folder/fpm.sock") ? @stream_socket_client("tcp://$this->host:$port", timeout: 1) : false;
            if ($socket !== false) {
                fclose($socket);
                return true;
            }
            usleep(20_000);
        }
        return false;
    }

    public function alive(): bool
    {
        return array_filter($this->processes, static fn ($process): bool => !proc_get_status($process)['running']) === [];
    }

    public function stop(): void
    {
        foreach (array_reverse($this->processes) as $process) {
            proc_get_status($process)['running'] && proc_terminate($process, SIGQUIT);
        }
        // They finish what they are doing, for five seconds at most.
        for ($tries = 0; $tries < 250 && $this->processes !== []; $tries++) {
            $this->processes = array_filter($this->processes, static fn ($process): bool => proc_get_status($process)['running']);
            $this->processes === [] || usleep(20_000);
        }
        array_map(static fn ($process) => proc_terminate($process, SIGTERM), $this->processes);
        array_map(proc_close(...), $this->processes);
        $this->processes = [];
    }

    /** What the two have said. */
    public function log(): string
    {
        return implode('', array_map(static fn (string $file): string => (string) @file_get_contents($file), glob("$this->folder/*.log")));
    }

    public function remove(): void
    {
        exec('rm -rf ' . escapeshellarg($this->folder));
    }

    private function run(array $command): mixed
    {
        $quiet = ['file', "$this->folder/out.log", 'a'];
        // Where Linux can say so, they end with this program, however it ends.
        $bound = is_executable('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'TERM', '--'] : [];
        return proc_open([...$bound, ...$command], [['file', '/dev/null', 'r'], $quiet, $quiet], $pipes);
    }

    private function fpm(): string
    {
        return <<<INI
            [global]
            error_log = $this->folder/fpm.log
            [oscartoki]
            listen = $this->folder/fpm.sock
            pm = static
            pm.max_children = $this->workers
            catch_workers_output = yes
            env[OSCAR_EXAMPLE] = $this->folder/options.json
            ; The raw body is what is signed, of a multipart form too.
            php_admin_flag[enable_post_data_reading] = off
            php_admin_flag[expose_php] = off

            INI . (posix_geteuid() === 0 ? "user = root\ngroup = root\n" : '');
    }

    private function nginx(int $port): string
    {
        $temp = implode('', array_map(fn (string $kind): string => "    {$kind}_temp_path $this->folder/$kind;\n", ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']));
        $page = __DIR__ . '/public/index.php';
        return (posix_geteuid() === 0 ? "user root;\n" : '') . <<<CONF
            daemon off;
            worker_processes 1;
            pid $this->folder/nginx.pid;
            error_log $this->folder/nginx.log;
            events { worker_connections 512; }
            http {
                access_log off;
            $temp
                server {
                    listen $this->host:$port;
                    client_max_body_size 16m;
                    large_client_header_buffers 8 64k;
                    location / {
                        fastcgi_pass unix:$this->folder/fpm.sock;
                        fastcgi_param SCRIPT_FILENAME $page;
                        fastcgi_param REQUEST_METHOD \$request_method;
                        # The request target as it was on the wire.
                        fastcgi_param REQUEST_URI \$request_uri;
                        fastcgi_param QUERY_STRING \$query_string;
                        fastcgi_param CONTENT_TYPE \$content_type;
                        fastcgi_param CONTENT_LENGTH \$content_length;
                        fastcgi_param SERVER_PROTOCOL \$server_protocol;
                        # nginx before 1.23 sends the last of doubled headers, and calls the first one by name.
                        fastcgi_param FIRST_OSCARTOKI \$http_oscartoki;
                        fastcgi_param FIRST_OSCARTOKIKEY \$http_oscartokikey;
                    }
                }
            }

            CONF;
    }

    private static function program(string $pattern): string
    {
        foreach (['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/sbin', '/opt/homebrew/bin'] as $folder) {
            foreach (glob("$folder/$pattern") ?: [] as $found) {
                return $found;
            }
        }
        throw new RuntimeException("$pattern is missing: on Debian, apt-get install php-fpm nginx-light");
    }
}

/** FPM's workers stand in another folder. */
function absolute(?string $path): ?string
{
    return $path === null || $path[0] === '/' ? $path : getcwd() . "/$path";
}

[$given, $rest] = options(array_slice($argv, 1), [
    '--listen' => 'one', '--audience' => 'one', '--authority' => 'many', '--key' => 'many', '--revocations' => 'one', '--memory' => 'one', '--ext' => 'one',
    '--answer-ext' => 'one', '--first-start' => 'flag', '--workers' => 'one',
], USAGE);
if ($rest !== [] || $given['--audience'] === null || $given['--key'] === []) {
    fwrite(STDERR, USAGE);
    exit(2);
}
preg_match('/^(.*):(\d+)$/', $given['--listen'] ?? '127.0.0.1:8080', $listen) || exit(2);
[, $host, $port] = $listen;

$ended = false;
pcntl_async_signals(true);
foreach ([SIGTERM, SIGINT] as $signal) {
    pcntl_signal($signal, static function () use (&$ended): void {
        $ended = true;
    });
}

$servers = null;
try {
    for ($tries = 0; $tries < 5; $tries++) {
        $free = stream_socket_server("tcp://$host:$port");
        $listens = stream_socket_get_name($free, false);
        fclose($free);
        $service = [
            'authorities' => [$given['--audience'], $listens, ...$given['--authority']],
            'audience' => $given['--audience'],
            'keysFile' => array_map(absolute(...), $given['--key']),
            'revocationsFile' => absolute($given['--revocations']),
            'memory' => absolute($given['--memory']),
            'ext' => names($given['--ext']),
            'answerExt' => names($given['--answer-ext']),
        ];
        // The first to open the memory; the workers find it ready.
        $ready = (new Service(...$service, firstStart: $given['--first-start']))->readyAtMs();
        $servers = new Servers($host, max(1, (int) ($given['--workers'] ?? 4)), $autoload);
        if ($servers->start((int) substr(strrchr($listens, ':'), 1), $service)) {
            break;
        }
        // The port went to somebody else meanwhile.
        $log = $servers->log();
        $servers->stop();
        $servers->remove();
        $servers = null;
    }
    if ($servers === null) {
        throw new RuntimeException("FPM and nginx do not start: $log");
    }
    while (!$ended && microtime(true) * 1000 < $ready) {
        usleep(20_000);
    }
    echo "listening on http://$listens\n";
    while (!$ended && $servers->alive()) {
        usleep(100_000);
    }
    $failed = !$ended;
    if ($failed) {
        fwrite(STDERR, "error: FPM or nginx has ended: {$servers->log()}\n");
    }
} catch (OscarError | RuntimeException $error) {
    fwrite(STDERR, "error: {$error->getMessage()}\n");
    exit(3);
} finally {
    $servers?->stop();
    $servers?->remove();
}
exit($failed ? 1 : 0);
