<?php

declare(strict_types=1);

namespace Oscartoki;

/** A Redis that the machines of a fleet share. It must not evict (`maxmemory-policy noeviction`); a request waits 50 ms for it at most. */
final class RedisReplayLog extends ReplayLog
{
    /**
     * The memory `name`, most often the audience, of the Redis at `url`. Error: DoorError `store`, whose sentence holds no password.
     *
     * @param string $url `redis://[USER:PASSWORD@]HOST[:PORT][/DB]` or `redis+unix:///PATH`
     */
    public function __construct(#[\SensitiveParameter] string $url, private readonly string $name, int $capacity = MappedReplayLog::CAPACITY)
    {
        $this->make(static fn ($ffi, $out) => $ffi->oscar_replay_log_redis($url, \strlen($url), $name, \strlen($name), $capacity, $out));
    }

    /** Which memory of that Redis. */
    public function name(): string
    {
        return $this->name;
    }

    /** @internal */
    public static function lent(string $name, int $handle): self
    {
        $log = (new \ReflectionClass(self::class))->newInstanceWithoutConstructor();
        $log->name = $name;
        $log->lend($handle);
        return $log;
    }

    /**
     * Whether a text that names a memory names a Redis.
     *
     * @internal
     */
    public static function isNamedBy(string $memory): bool
    {
        return str_starts_with($memory, 'redis://') || str_starts_with($memory, 'redis+unix://');
    }
}
