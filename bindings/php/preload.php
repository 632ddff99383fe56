<?php

/**
 * For FPM and other servers: `opcache.preload=…/vendor/oscartoki/oscartoki/preload.php` in php.ini. Compiles this package and the header of its
 * library once, in the master process, so that `ffi.enable` may stay at `preload`.
 */

declare(strict_types=1);

(static function (): void {
    // The application's own autoloader, so that the interfaces that the adapters implement are found.
    $autoload = dirname(__DIR__, 2) . '/autoload.php';
    if (is_file($autoload)) {
        require_once $autoload;
    } else {
        spl_autoload_register(static function (string $class): void {
            if (str_starts_with($class, 'Oscartoki\\')) {
                $file = str_starts_with($class, 'Oscartoki\\Errors\\') ? 'errors' : strtr(substr($class, 10), '\\', '/');
                is_file(__DIR__ . "/src/$file.php") && require_once __DIR__ . "/src/$file.php";
            }
        });
    }
    require_once __DIR__ . '/src/functions.php';
    foreach (['', 'V1/', 'Http/'] as $folder) {
        foreach (glob(__DIR__ . "/src/$folder*.php") ?: [] as $file) {
            $class = 'Oscartoki\\' . strtr($folder, '/', '\\') . basename($file, '.php');
            // An adapter to what is not installed is left out.
            try {
                $file !== __DIR__ . '/src/errors.php' && class_exists($class);
            } catch (Error) {
            }
        }
    }
    class_exists(Oscartoki\Errors\Malformed::class);
    Oscartoki\Native::preload();
})();
