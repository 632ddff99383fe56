<?php

/** The installed package (OSCAR_APP: its Composer project), Debian's Guzzle and HttpFoundation, and what the tests share. */

declare(strict_types=1);

require (getenv('OSCAR_APP') ?: __DIR__ . '/../../../.oscar/php/app') . '/vendor/autoload.php';
require '/usr/share/php/GuzzleHttp/autoload.php';
require '/usr/share/php/Psr/Http/Client/autoload.php';
require '/usr/share/php/Symfony/Component/HttpFoundation/autoload.php';
foreach (['psr15', 'World', 'Wire', 'Server', 'WebSocket'] as $file) {
    require __DIR__ . "/$file.php";
}
