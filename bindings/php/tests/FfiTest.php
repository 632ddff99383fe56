<?php

declare(strict_types=1);

use Oscartoki\LibraryError;
use Oscartoki\Native;
use PHPUnit\Framework\TestCase;

/** Whether the library is found, allowed and of the right make; what is said where not. */
final class FfiTest extends TestCase
{
    private static function app(): string
    {
        return getenv('OSCAR_APP') ?: dirname(__DIR__, 3) . '/.oscar/php/app';
    }

    /** What a script prints in a PHP of its own. */
    private static function php(string $code, array $settings = [], array $as = []): string
    {
        $options = array_merge(...array_map(static fn (string $setting): array => ['-d', $setting], $settings));
        $process = proc_open([...$as, PHP_BINARY, ...$options, '-r', $code], [1 => ['pipe', 'w'], 2 => ['redirect', 1]], $pipes);
        $said = stream_get_contents($pipes[1]);
        proc_close($process);
        return (string) $said;
    }

    private static function use(string $app): string
    {
        return "require '$app/vendor/autoload.php'; try { Oscartoki\\Secret::generate(); echo 'works'; }"
            . ' catch (Oscartoki\LibraryError $error) { echo $error->getMessage(); }';
    }

    public function testForbidden(): void
    {
        self::assertSame('works', self::php(self::use(self::app())));
        $said = self::php(self::use(self::app()), ['ffi.enable=0']);
        self::assertStringContainsString('PHP forbids FFI here (ffi.enable=', $said);
        self::assertStringContainsString('/vendor/oscartoki/oscartoki/preload.php', $said);
        self::assertStringContainsString('ffi.enable=true', $said);
    }

    public function testAnotherVersion(): void
    {
        $app = World::folder() . '/app';
        exec('cp -r ' . escapeshellarg(self::app()) . ' ' . escapeshellarg($app));
        $native = "$app/vendor/oscartoki/oscartoki/src/Native.php";
        $source = file_get_contents($native);
        file_put_contents($native, str_replace("VERSION = '0.1.0'", "VERSION = '0.2.0'", $source));
        $said = self::php(self::use($app));
        self::assertStringContainsString('oscartoki 0.2.0', $said);
        self::assertStringContainsString('found liboscartoki 0.1.0', $said);
        self::assertStringContainsString('composer reinstall', $said);
        // A library that is not there, and one that is none.
        file_put_contents($native, $source);
        $library = str_replace(self::app(), $app, Native::path());
        file_put_contents($library, 'no library');
        self::assertStringContainsString("can't be loaded", self::php(self::use($app)));
        unlink($library);
        self::assertStringContainsString('no library for this machine', self::php(self::use($app)));
        $this->expectException(LibraryError::class);
        Native::fits('0.1.0', 99, 1);
    }

    public function testTheBuiltInServerWithoutAndWithPreload(): void
    {
        $world = new World();
        $folder = World::folder();
        posix_geteuid() === 0 && chown($folder, 65_534);
        $env = ['OSCAR_KEY' => $world->key->toText(), 'OSCAR_MEMORY' => "$folder/memory"];
        $without = Server::builtIn(['ffi.enable' => 'preload'], $env, as: Server::unprivileged());
        [$status, , $said] = $without->send([['GET', '/', []]])[0];
        self::assertSame(503, $status);
        self::assertStringContainsString('PHP forbids FFI here (ffi.enable=preload)', $said);
        $without->stop();
        // The scope that preload.php made is what requests find.
        $preload = self::app() . '/vendor/oscartoki/oscartoki/preload.php';
        $with = Server::builtIn(['ffi.enable' => 'preload', 'opcache.enable' => '1', 'opcache.preload' => $preload], $env, as: Server::unprivileged());
        $client = new Oscartoki\Client($world->secret, World::NAME);
        $answer = $client->curl()->post("$with->url/x", 'body', ['Host' => World::NAME]);
        self::assertSame('POST /x 4 ' . bin2hex($world->key->kid()), $answer->body);
        self::assertStringNotContainsString('Warning', $with->said());
        $with->stop();
    }

    public function testTheScopeOfPreload(): void
    {
        $preload = self::app() . '/vendor/oscartoki/oscartoki/preload.php';
        $code = "echo FFI::scope('OSCARTOKI')->oscar_version(); " . self::use(self::app());
        self::assertSame('0.1.0works', self::php($code, ['opcache.enable_cli=1', "opcache.preload=$preload"], Server::unprivileged()));
    }
}
