<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use GuzzleHttp\HandlerStack;
use GuzzleHttp\Promise\Create;
use GuzzleHttp\Promise\PromiseInterface;
use Oscartoki\Client;
use Oscartoki\OscarError;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;

/** Guzzle: `new GuzzleHttp\Client(['handler' => $client->guzzle()])`, sync and async. */
final class Guzzle
{
    /**
     * A stack whose requests are signed; redirects are not followed.
     *
     * @param array<string, bool> $options of `Client::call`
     */
    public static function stack(Client $client, ?callable $handler = null, array $options = []): HandlerStack
    {
        $stack = HandlerStack::create($handler);
        $stack->remove('allow_redirects');
        $stack->push(self::middleware($client, $options), 'oscartoki');
        return $stack;
    }

    /**
     * The middleware alone, for the innermost place of a stack of your own. It signs whatever passes, each hop of a redirect too.
     *
     * @param array<string, bool> $options of `Client::call`
     */
    public static function middleware(Client $client, array $options = []): callable
    {
        return static fn (callable $handler): callable => static function (RequestInterface $request, array $given) use ($client, $handler, $options) {
            try {
                $outgoing = new Outgoing($client, $request, self::target($request), $options);
            } catch (OscarError $error) {
                return Create::rejectionFor($error);
            }
            $told = $given['on_headers'] ?? null;
            $given['on_headers'] = static function (ResponseInterface $response) use ($outgoing, $told): void {
                $outgoing->head();
                $told === null || $told($response);
            };
            // curl would remove dot segments from what was signed.
            \defined('CURLOPT_PATH_AS_IS') && $given['curl'][\CURLOPT_PATH_AS_IS] = true;
            return self::go($outgoing, $handler, $given);
        };
    }

    private static function go(Outgoing $outgoing, callable $handler, array $given): PromiseInterface
    {
        try {
            $next = $outgoing->next();
            if ($next === null) {
                return Create::promiseFor($outgoing->result());
            }
        } catch (OscarError $error) {
            return Create::rejectionFor($error);
        }
        return $handler($next, $given)->then(
            static function (ResponseInterface $response) use ($outgoing, $handler, $given): PromiseInterface {
                $outgoing->received($response);
                return self::go($outgoing, $handler, $given);
            },
            static function (mixed $reason) use ($outgoing): PromiseInterface {
                $outgoing->failed();
                return Create::rejectionFor($reason);
            },
        );
    }

    /** What Guzzle writes on the wire. */
    private static function target(RequestInterface $request): string
    {
        $uri = $request->getUri();
        $path = $uri->getPath() === '' ? '/' : $uri->getPath();
        return $path . ($uri->getQuery() === '' ? '' : '?' . $uri->getQuery());
    }
}
