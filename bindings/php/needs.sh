# What the PHP room needs (read by scripts/setup).
want "PHP >= 8.1 with FFI" "php-cli" php -r 'exit(PHP_VERSION_ID >= 80100 && extension_loaded("ffi") ? 0 : 1);'
want "PHP's curl, xml, mbstring" "php-curl php-xml php-mbstring" php -r 'exit(extension_loaded("curl") && extension_loaded("dom") && extension_loaded("mbstring") ? 0 : 1);'
want "Composer" "composer unzip" have composer
want "PHPUnit" "phpunit" have phpunit
want "PHP-FPM and nginx" "php-fpm nginx-light" sh -c 'PATH=$PATH:/usr/sbin; command -v nginx && ls /usr/sbin/php-fpm*'
want "Guzzle, PSR-7, PSR-18 (adapters' tests)" "php-guzzlehttp-guzzle php-psr-http-client" sh -c 'ls /usr/share/php/GuzzleHttp/autoload.php /usr/share/php/Psr/Http/Client/ClientInterface.php'
want "HttpFoundation (adapters' tests)" "php-symfony-http-foundation" ls /usr/share/php/Symfony/Component/HttpFoundation/autoload.php
want "Redis (tests of the fleet's memory)" "redis-server" have redis-server
