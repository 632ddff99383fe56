<?php

declare(strict_types=1);

namespace Oscartoki;

use Oscartoki\Errors\RawTargetHidden;
use Oscartoki\Http\Layer;

/**
 * Pages without a framework, under FPM, Apache or the built-in server:
 *
 *     $verified = Oscartoki\Sapi::guard($service);   // first of all; what is refused is answered here, and the script ends
 *     echo 'hello ', bin2hex($verified->kid());      // what is written from here on goes out signed
 */
final class Sapi
{
    private bool $signed = false;

    private function __construct(private readonly Layer $layer, private readonly VerifiedRequest $verdict, private readonly string $method) {}

    /**
     * Verifies the request of this script. What is refused is answered, and the script ends. The output that follows is held back until its end,
     * up to the service's `maxAnswer`, and goes out signed; a flush in between makes it a stream, whose content is not covered. A preflight of CORS
     * is answered before.
     */
    public static function guard(Service $service): VerifiedRequest
    {
        $layer = new Layer($service);
        $method = (string) ($_SERVER['REQUEST_METHOD'] ?? '');
        $headers = self::headers($_SERVER);
        try {
            $target = (string) ($_SERVER['REQUEST_URI'] ?? '');
            if ($target === '') {
                throw new RawTargetHidden('this server gives no REQUEST_URI, the request target as sent: nginx needs `fastcgi_param REQUEST_URI $request_uri`');
            }
            Layer::rawBodyOrThrow($method, (string) ($_SERVER['CONTENT_TYPE'] ?? ''));
        } catch (RawTargetHidden $error) {
            self::end($method, ...Layer::hidden($error));
        }
        [$verdict] = $layer->judge($method, $target, $headers, static function (int $most): string {
            $input = fopen('php://input', 'rb');
            $body = (string) stream_get_contents($input, $most);
            fclose($input);
            return $body;
        });
        if (!$verdict instanceof VerifiedRequest) {
            self::end($method, ...$layer->turnDown($verdict, $method));
        }
        $page = new self($layer, $verdict, $method);
        ob_start($page->written(...), $service->maxAnswer() + 1);
        $level = ob_get_level();
        // The page sends its headers before there is any content, by flush().
        header_register_callback(static function () use ($page): void {
            $page->signed || $page->sign(null);
        });
        // Before PHP takes its objects down.
        register_shutdown_function(static function () use ($level, $page): void {
            while (ob_get_level() >= $level) {
                ob_end_flush();
            }
            // The page has thrown the buffer away and written past it.
            if (!$page->signed && !headers_sent()) {
                $page->sign(null);
            }
        });
        return $verdict;
    }

    /** What the script wrote, whole at its end or, of a stream, in parts. */
    private function written(string $content, int $phase): string
    {
        if (!$this->signed && ($phase & PHP_OUTPUT_HANDLER_CLEAN) === 0) {
            $this->sign(($phase & PHP_OUTPUT_HANDLER_FINAL) === 0 ? null : $content);
        }
        return $content;
    }

    private function sign(?string $content): void
    {
        $this->signed = true;
        $headers = [];
        foreach (headers_list() as $line) {
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $headers[] = [$name, trim($value)];
        }
        if ($content !== null && (!Layer::coverable($headers) || \strlen($content) > $this->layer->service->maxAnswer())) {
            $content = null;
        }
        $status = http_response_code();
        $status = \is_int($status) ? $status : 200;
        foreach ($this->layer->sign($this->verdict, $this->method, $status, $headers, $content) as $name => $value) {
            header("$name: $value");
        }
    }

    /** @param array<string, string> $headers */
    private static function end(string $method, int $status, array $headers, string $body = ''): never
    {
        http_response_code($status);
        // What PHP would say by itself.
        header_remove('Content-Type');
        \ini_set('default_mimetype', '');
        foreach ($headers as $name => $value) {
            header("$name: $value");
        }
        if ($status !== 204) {
            header('Content-Length: ' . \strlen($body));
        }
        echo $method === 'HEAD' ? '' : $body;
        exit;
    }

    /**
     * The headers of a request out of `$_SERVER`.
     *
     * @param array<string, mixed> $server
     * @return list<array{string, string}>
     */
    private static function headers(array $server): array
    {
        $headers = [];
        foreach ($server as $name => $value) {
            if (str_starts_with((string) $name, 'HTTP_')) {
                $name = substr((string) $name, 5);
                if ($name === 'CONTENT_TYPE' || $name === 'CONTENT_LENGTH') {
                    continue;
                }
            } elseif (($name !== 'CONTENT_TYPE' && $name !== 'CONTENT_LENGTH') || $value === '') {
                continue;
            }
            $headers[] = [strtolower(strtr((string) $name, '_', '-')), (string) $value];
        }
        // nginx before 1.23 shows PHP the last of doubled headers only; what it calls the first one tells them apart.
        foreach (['oscartoki', 'oscartokikey'] as $name) {
            $first = $server['FIRST_' . strtoupper($name)] ?? '';
            if ($first !== '' && $first !== ($server['HTTP_' . strtoupper($name)] ?? '')) {
                $headers[] = [$name, (string) $first];
            }
        }
        return $headers;
    }
}
