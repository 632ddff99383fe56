<?php

declare(strict_types=1);

namespace Oscartoki;

use FFI;
use FFI\CData;

/**
 * The way into liboscartoki, by its C ABI. Private to this package.
 *
 * Under a web server `ffi.enable=preload` is usual: then `preload.php` must be PHP's `opcache.preload`, which also compiles the header once.
 *
 * @internal
 */
final class Native
{
    /** What this wrapper was made for; the library must say the same. */
    public const VERSION = '0.1.0';

    /** The name under which preload.php registers the library. */
    public const SCOPE = 'OSCARTOKI';

    public const OK = 0;
    public const MALFORMED = 1;
    public const UNSIGNABLE = 3;
    public const PENDING = 64;
    public const BAD_PACKED = 68;
    public const HANDSHAKE = 72;

    private static ?FFI $ffi = null;

    /** The library, loaded at first use. */
    public static function ffi(): FFI
    {
        return self::$ffi ??= self::load();
    }

    /** Where the library of this machine lies, inside the package. */
    public static function path(): string
    {
        $machine = strtolower(php_uname('m'));
        $machine = ['amd64' => 'x86_64', 'arm64' => 'aarch64'][$machine] ?? $machine;
        [$system, $file] = match (PHP_OS_FAMILY) {
            'Darwin' => ['macos', 'liboscartoki.dylib'],
            'Windows' => ['windows', 'oscartoki.dll'],
            default => [strtolower(PHP_OS_FAMILY), 'liboscartoki.so'],
        };
        return \dirname(__DIR__) . "/lib/$system-$machine/$file";
    }

    /** The declarations of the C ABI. */
    public static function header(): string
    {
        return (string) file_get_contents(\dirname(__DIR__) . '/include/oscartoki.ffi.h');
    }

    private static function load(): FFI
    {
        if (!\extension_loaded('ffi')) {
            throw new LibraryError('oscartoki needs PHP\'s FFI extension: install ext-ffi and say extension=ffi in php.ini');
        }
        $library = self::path();
        try {
            $ffi = self::preloaded() ?? FFI::cdef(self::readable($library), $library);
        } catch (FFI\Exception $fault) {
            throw new LibraryError(self::advice($fault->getMessage(), $library), previous: $fault);
        }
        self::fits($ffi->oscar_version(), $ffi->oscar_abi_version(), $ffi->OSCAR_ABI_VERSION);
        return $ffi;
    }

    private static function preloaded(): ?FFI
    {
        try {
            return FFI::scope(self::SCOPE);
        } catch (FFI\Exception) {
            return null;
        }
    }

    /** Registers the library for all requests to come; for preload.php. */
    public static function preload(): void
    {
        $library = self::path();
        $declarations = self::readable($library);
        // FFI::load reads where the library lies from the header itself.
        $header = tempnam(sys_get_temp_dir(), 'oscartoki');
        if ($header === false) {
            throw new LibraryError('preload.php needs a folder for temporary files');
        }
        try {
            file_put_contents($header, '#define FFI_SCOPE "' . self::SCOPE . "\"\n#define FFI_LIB \"$library\"\n$declarations");
            FFI::load($header);
        } catch (FFI\Exception $fault) {
            // Not with a master that runs as root: what is preloaded then reads the header once in each request, which takes 0.1 ms.
            if (!str_contains($fault->getMessage(), 'opcache.preload_user')) {
                throw $fault;
            }
        } finally {
            unlink($header);
        }
    }

    private static function readable(string $library): string
    {
        if (!is_file($library)) {
            throw new LibraryError("this oscartoki has no library for this machine: $library is missing; install the package that was built for it");
        }
        return self::header();
    }

    private static function advice(string $fault, string $library): string
    {
        if (str_contains($fault, 'ffi.enable')) {
            return 'PHP forbids FFI here (ffi.enable=' . \ini_get('ffi.enable') . '): say opcache.preload=' . \dirname(__DIR__) . '/preload.php'
                . ' (with ffi.enable=preload), or ffi.enable=true, in php.ini, and restart PHP';
        }
        return "$library can't be loaded: $fault";
    }

    /** Wrapper and library must be of one make. */
    public static function fits(string $version, int $abi, int $declared): void
    {
        if ($version !== self::VERSION || $abi !== $declared) {
            throw new LibraryError('oscartoki ' . self::VERSION . " (ABI $declared) needs its own library, but found liboscartoki $version (ABI $abi):"
                . ' reinstall the package (composer reinstall oscartoki/oscartoki) and restart PHP');
        }
    }

    // ---- errors ----

    /** Raises what a call has just refused. */
    public static function check(int $status, ?bool $mayHaveRun = null): void
    {
        if ($status !== self::OK) {
            throw self::error($status, self::detail(), $mayHaveRun);
        }
    }

    /** Which rule the last refused call broke. */
    public static function detail(): string
    {
        return (string) self::ffi()->oscar_last_detail();
    }

    /** The stable name of a status. */
    public static function nameOf(int $status): string
    {
        return self::ffi()->oscar_error_name($status) ?? 'internal';
    }

    /** The error of a status. */
    public static function error(int $status, string $detail = '', ?bool $mayHaveRun = null, bool $signed = false, ?int $http = null): OscarError
    {
        $name = self::nameOf($status);
        $sentence = $detail !== '' ? $detail : self::ffi()->oscar_status_message($status);
        $class = __NAMESPACE__ . '\\Errors\\' . str_replace('_', '', ucwords($name, '_'));
        $class = class_exists($class) ? $class : Errors\DoorError::class;
        return new $class($sentence, $mayHaveRun, $signed, $http, $name);
    }

    // ---- what crosses ----

    /** A kid, sid or nonce for the library. */
    public static function id(string $id): CData
    {
        if (\strlen($id) !== 8) {
            throw new \ValueError('a kid, sid or nonce has 8 bytes');
        }
        return self::bytes($id);
    }

    /** Bytes that the library reads behind a pointer. */
    public static function bytes(string $bytes): CData
    {
        $held = self::ffi()->new('char[' . (\strlen($bytes) + 1) . ']');
        FFI::memcpy($held, $bytes . "\0", \strlen($bytes) + 1);
        return $held;
    }

    /** Room for a result. */
    public static function room(int $bytes): CData
    {
        return self::ffi()->new("char[$bytes]");
    }

    /** Room for one handle. */
    public static function handle(): CData
    {
        return self::ffi()->new('oscar_handle[1]');
    }

    /**
     * Texts as C has them: an array of pointers, and what they point to, which must be kept meanwhile.
     *
     * @param list<string> $texts
     * @return array{CData, list<CData>}
     */
    public static function texts(array $texts): array
    {
        $ffi = self::ffi();
        $pointers = $ffi->new('char *[' . max(1, \count($texts)) . ']');
        $held = [];
        foreach ($texts as $place => $text) {
            if (str_contains($text, "\0")) {
                throw self::error(self::MALFORMED, 'a name that holds a zero byte');
            }
            $pointers[$place] = $ffi->cast('char *', FFI::addr($held[] = self::bytes($text)));
        }
        return [$pointers, $held];
    }

    /** A growing text, which is freed. */
    public static function text(int $handle): string
    {
        $ffi = self::ffi();
        $length = $ffi->new('size_t[1]');
        try {
            self::check($ffi->oscar_text_len($handle, $length));
            $room = self::room(max(1, $length[0]));
            self::check($ffi->oscar_text_copy($handle, $room, max(1, $length[0])));
            return FFI::string($room, $length[0]);
        } finally {
            $ffi->oscar_text_free($handle);
        }
    }

    /**
     * A text that a call writes into a buffer, its last two arguments.
     *
     * @param callable(CData, int): int $call
     */
    public static function written(int $room, callable $call): string
    {
        $out = self::room($room);
        self::check($call($out, $room));
        return FFI::string($out);
    }

    // ---- what the functions of this package call ----

    /** An authority, normalised. */
    public static function authority(string $name): string
    {
        $ffi = self::ffi();
        $made = static fn ($out, $room) => $ffi->oscar_authority_normalise($name, \strlen($name), $out, $room);
        return self::written($ffi->OSCAR_AUTHORITY_MAX_LEN, $made);
    }

    /**
     * What altered a request, in a sentence.
     *
     * @param array<string, AudienceKey> $keys
     */
    public static function explain(array $keys, string $request, string $body): ?string
    {
        $labelled = '';
        foreach ($keys as $label => $key) {
            $labelled .= Pack::lp((string) $label) . Pack::lp($key->toText());
        }
        $text = self::handle();
        $ffi = self::ffi();
        self::check($ffi->oscar_explain($labelled, \strlen($labelled), $request, \strlen($request), $body, \strlen($body), $text));
        return $text[0] === 0 ? null : self::text($text[0]);
    }
}
