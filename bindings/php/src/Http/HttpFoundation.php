<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\Errors\RawTargetHidden;
use Oscartoki\Service;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;

/**
 * Symfony's HttpFoundation, and so Laravel, whose middleware has this very shape: verifies before the application runs, and signs what it answers.
 * What was verified is the request's attribute `oscartoki`. A CORS layer stands outside, or inside with `corsInside`.
 */
final class HttpFoundation
{
    private readonly Layer $layer;

    public function __construct(Service $service, private readonly bool $corsInside = false)
    {
        $this->layer = new Layer($service);
    }

    /** @param callable(Request): Response $next */
    public function handle(Request $request, callable $next): Response
    {
        // What was on the wire: `getMethod` would follow an override.
        $method = (string) $request->server->get('REQUEST_METHOD', 'GET');
        $headers = Outgoing::pairs($request->headers->all());
        if ($this->corsInside && Layer::isPreflight($method, $headers)) {
            return $next($request);
        }
        try {
            $target = (string) $request->server->get('REQUEST_URI', '');
            if ($target === '') {
                throw new RawTargetHidden('this server gives no REQUEST_URI, the request target as sent: have it set that parameter');
            }
            Layer::rawBodyOrThrow($method, (string) $request->headers->get('Content-Type', ''));
        } catch (RawTargetHidden $error) {
            return self::response(...Layer::hidden($error));
        }
        [$verdict] = $this->layer->judge($method, $target, $headers, static function (int $most) use ($request): string {
            $content = $request->getContent(true);
            return (string) stream_get_contents($content, $most);
        });
        if (!$verdict->accepted()) {
            return self::response(...$this->layer->turnDown($verdict, $method));
        }
        $request->attributes->set('oscartoki', $verdict);
        try {
            $response = $next($request);
        } catch (\Throwable $fault) {
            return self::response(...$this->layer->fault($verdict, $method, $fault));
        }
        // What the framework does to a response at the end, it does before it is signed.
        $response->prepare($request);
        $content = $response->getContent();
        $answered = Outgoing::pairs($response->headers->all());
        if ($content === false || \strlen($content) > $this->layer->service->maxAnswer() || !Layer::coverable($answered)) {
            $content = null;
        }
        foreach ($this->layer->sign($verdict, $method, $response->getStatusCode(), $answered, $content) as $name => $value) {
            $response->headers->set($name, $value);
        }
        return $response;
    }

    /** @param array<string, string> $headers */
    private static function response(int $status, array $headers, string $body = ''): Response
    {
        return new Response($body, $status, $headers);
    }
}
