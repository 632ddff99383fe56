<?php

declare(strict_types=1);

namespace Oscartoki;

/**
 * One request on its way, without a socket: probe, request, resend.
 *
 *     while (($step = $call->next())->kind === 'send') { …send, then $call->received(…); }
 *     $step->outcome->throwForRefusal();
 */
final class Call
{
    private int $handle = 0;

    /** @internal */
    public function __construct(private readonly \FFI $ffi, int $client, string $request, string $body, int $options)
    {
        $handle = Native::handle();
        Native::check($ffi->oscar_call_new($client, $request, \strlen($request), $body, \strlen($body), $options, $handle), false);
        $this->handle = $handle[0];
    }

    public function __destruct()
    {
        if ($this->handle !== 0) {
            $this->ffi->oscar_call_free($this->handle);
        }
    }

    /** The next step; asked again before an answer was given, it is the same. */
    public function next(?int $nowMs = null, ?int $monoMs = null): Step
    {
        $step = $this->ffi->new('oscar_step[1]');
        Native::check($this->ffi->oscar_call_next($this->handle, $nowMs ?? Clock::wall(), $monoMs ?? Clock::mono(), $step));
        return Step::of($step[0]);
    }

    /**
     * The answer came; the clocks are those when its head did.
     *
     * @param iterable<array{string, string}|string> $headers `[name, value]` pairs, or values by name
     */
    public function received(int $status, iterable $headers, string $body, ?int $receivedMs = null, ?int $monoMs = null): void
    {
        $head = Pack::arrived(static fn (): string => Pack::status($status) . Pack::headers($headers));
        $this->ffi->oscar_call_received(
            $this->handle,
            $head,
            \strlen($head),
            $body,
            \strlen($body),
            $receivedMs ?? Clock::wall(),
            $monoMs ?? Clock::mono(),
        );
    }

    /** An answer came whose content is over the client's limit. */
    public function tooLarge(int $status): void
    {
        $this->ffi->oscar_call_too_large($this->handle, max(0, min(65_535, $status)));
    }

    /** No answer came: a network failure. */
    public function failed(): void
    {
        $this->ffi->oscar_call_failed($this->handle);
    }

    private function __clone() {}
}
