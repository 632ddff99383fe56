<?php

declare(strict_types=1);

use Oscartoki\AudienceKey;
use Oscartoki\MemoryReplayLog;
use Oscartoki\Secret;
use Oscartoki\Service;

/** One client's secret and one service that knows it. */
final class World
{
    public const NAME = 'api.example.com';

    public readonly Secret $secret;
    public readonly AudienceKey $key;

    public function __construct()
    {
        $this->secret = Secret::generate();
        $this->key = $this->secret->audienceKey(self::NAME);
    }

    public function service(mixed ...$options): Service
    {
        $usual = ['keys' => [$this->key], 'authorities' => [self::NAME], 'memory' => new MemoryReplayLog(10_000), 'firstStart' => true];
        return new Service(...[...$usual, ...$options]);
    }

    /** The error that a call throws. */
    public static function refusal(callable $call): Oscartoki\OscarError
    {
        try {
            $call();
        } catch (Oscartoki\OscarError $error) {
            return $error;
        }
        throw new PHPUnit\Framework\AssertionFailedError('nothing was refused');
    }

    public static function folder(): string
    {
        $folder = sys_get_temp_dir() . '/oscartoki-test-' . bin2hex(random_bytes(6));
        mkdir($folder, 0700);
        register_shutdown_function(static fn () => exec('rm -rf ' . escapeshellarg($folder)));
        return $folder;
    }
}
