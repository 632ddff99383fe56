<?php

declare(strict_types=1);

namespace Oscartoki;

/**
 * What stays in the library when the objects of a request end, under the name of its configuration.
 *
 * @internal
 */
final class Kept
{
    private readonly string $name;

    /** @param array<mixed> $configuration whatever makes it another; keys may be among it */
    public function __construct(#[\SensitiveParameter] array $configuration)
    {
        array_walk_recursive($configuration, static function (mixed &$part): void {
            $part = $part instanceof Held ? $part->toText() : $part;
        });
        $this->name = hash('sha256', serialize($configuration), true);
    }

    /** Whether requests end here while the process goes on. */
    public static function outlivesRequests(): bool
    {
        return !\in_array(\PHP_SAPI, ['cli', 'phpdbg', 'embed'], true);
    }

    /** Whether something is kept. */
    public function finds(): bool
    {
        return $this->get('service') !== 0;
    }

    /** A handle that is kept; 0 for none. */
    public function get(string $what): int
    {
        $name = $this->name . $what;
        return Native::ffi()->oscar_kept($name, \strlen($name));
    }

    /**
     * Keeps handles, from now on nobody's to free; whether all of them are.
     *
     * @param array<string, int> $handles
     */
    public function keep(array $handles): bool
    {
        foreach ($handles as $what => $handle) {
            $name = $this->name . $what;
            if (Native::ffi()->oscar_keep($name, \strlen($name), $handle) !== Native::OK) {
                return false;
            }
        }
        return true;
    }
}
