<?php

/**
 * For FPM and other servers: `opcache.preload=…/vendor/oscartoki/oscartoki/preload.php` in php.ini. Compiles this package and the header of its
 * library once, in the master process, so that `ffi.enable` may stay at `preload`.
 */

declare(strict_types=1);

(static function (): void {
    // Composer's table of folders, for the interfaces that the adapters implement. Its autoloader itself would declare functions, and requests could
    // not declare them again.
    $table = dirname(__DIR__, 2) . '/composer/autoload_psr4.php';
    $folders = ['Oscartoki\\' => [__DIR__ . '/src']] + (is_file($table) ? require $table : []);
    spl_autoload_register(static function (string $class) use ($folders): void {
        if (str_starts_with($class, 'Oscartoki\\Errors\\')) {
            require_once __DIR__ . '/src/errors.php';
            return;
        }
        foreach ($folders as $prefix => $several) {
            foreach (str_starts_with($class, $prefix) ? $several : [] as $folder) {
                $file = $folder . '/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
                if (is_file($file)) {
                    require_once $file;
                    return;
                }
            }
        }
    });
    // An adapter to what is not installed is left out.
    $needs = [
        'Http/Middleware' => 'Psr\\Http\\Server\\MiddlewareInterface',
        'Http/SignedClient' => 'Psr\\Http\\Client\\ClientInterface',
        'Http/Text' => 'Psr\\Http\\Message\\StreamInterface',
    ];
    foreach (['', 'V1/', 'Tcx/', 'Socktopus/', 'Http/'] as $folder) {
        foreach (glob(__DIR__ . "/src/$folder*.php") ?: [] as $file) {
            $name = $folder . basename($file, '.php');
            if (ctype_upper(basename($name)[0]) && (!isset($needs[$name]) || interface_exists($needs[$name]))) {
                class_exists('Oscartoki\\' . strtr($name, '/', '\\'));
            }
        }
    }
    class_exists(Oscartoki\Errors\Malformed::class);
    Oscartoki\Native::preload();
})();
