<?php

declare(strict_types=1);

namespace Oscartoki\Http;

use Oscartoki\Client;
use Psr\Http\Client\ClientExceptionInterface;
use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;

/**
 * A PSR-18 client whose requests are signed and whose answers are checked; made by `Client::psr18`. The client inside sends: it must not follow
 * redirects, and must remove content-coding or not ask for it. What is refused is thrown as `OscarError`.
 */
final class SignedClient implements ClientInterface
{
    /**
     * @param array<string, bool> $options of `Client::call`
     *
     * @internal
     */
    public function __construct(private readonly Client $client, private readonly ClientInterface $inner, private readonly array $options = []) {}

    public function sendRequest(RequestInterface $request): ResponseInterface
    {
        $outgoing = new Outgoing($this->client, $request, $request->getRequestTarget(), $this->options);
        while (($next = $outgoing->next()) !== null) {
            try {
                $response = $this->inner->sendRequest($next);
            } catch (ClientExceptionInterface $fault) {
                $outgoing->failed();
                throw $fault;
            }
            $outgoing->head();
            $outgoing->received($response);
        }
        return $outgoing->result();
    }
}
