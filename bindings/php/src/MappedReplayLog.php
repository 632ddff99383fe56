<?php

declare(strict_types=1);

namespace Oscartoki;

/** A file that the processes of one machine share, all workers of FPM among them; it also carries a service over its restart. */
final class MappedReplayLog extends ReplayLog
{
    /** Room for so many live requests, unless said otherwise. */
    public const CAPACITY = 1_000_000;

    /** Opens the file, or makes it; its folder must exist and be private to this user. Error: DoorError `store`. */
    public function __construct(private readonly string $path, int $capacity = self::CAPACITY)
    {
        $this->make(static fn ($ffi, $out) => $ffi->oscar_replay_log_mapped($path, \strlen($path), $capacity, $out));
    }

    /** The file. */
    public function path(): string
    {
        return $this->path;
    }

    /** @internal */
    public static function lent(string $path, int $handle): self
    {
        $log = (new \ReflectionClass(self::class))->newInstanceWithoutConstructor();
        $log->path = $path;
        $log->lend($handle);
        return $log;
    }

    /** A file of mode 0600 in this user's own folder, named after the ring's audience and kids. */
    public static function defaultPath(Keyring $keyring): string
    {
        $ffi = Native::ffi();
        $path = static fn ($out, $room) => $ffi->oscar_replay_log_default_path($keyring->handle(), $out, $room);
        return Native::written($ffi->OSCAR_PATH_MAX_LEN, $path);
    }
}
