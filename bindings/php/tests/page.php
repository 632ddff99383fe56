<?php

/** A page without a framework, for tests of Sapi: OSCAR_KEY and OSCAR_MEMORY configure it. */

declare(strict_types=1);

require getenv('OSCAR_APP') . '/vendor/autoload.php';

use Oscartoki\Sapi;
use Oscartoki\Service;

try {
    $verified = Sapi::guard(new Service([getenv('OSCAR_KEY')], ['api.example.com'], memory: getenv('OSCAR_MEMORY'), firstStart: true));
} catch (Oscartoki\LibraryError $error) {
    http_response_code(503);
    echo $error->getMessage();
    exit;
}
switch (explode('?', $_SERVER['REQUEST_URI'])[0]) {
    case '/stream':
        echo 'one ';
        flush();
        ob_flush();
        echo 'two';
        break;
    case '/throw':
        throw new RuntimeException('the page fails');
    case '/exit':
        http_response_code(202);
        echo 'left';
        exit;
    case '/cleaned':
        echo 'a page that is thrown away';
        ob_end_clean();
        echo 'past the buffer';
        break;
    case '/empty':
        http_response_code(204);
        break;
    default:
        header('Content-Type: text/plain');
        echo $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['REQUEST_URI'], ' ', strlen(file_get_contents('php://input')), ' ', bin2hex($verified->kid());
}
