<?php

/** The application, which knows nothing of tokis but who asks: `/echo` and everything under it take any method. */

declare(strict_types=1);

use Oscartoki\Sapi;
use Oscartoki\Service;

$options = json_decode(file_get_contents(getenv('OSCAR_EXAMPLE')), true);
require $options['autoload'];

$verified = Sapi::guard(new Service(...$options['service']));

$target = $_SERVER['REQUEST_URI'];
[$path] = explode('?', $target);
header('Content-Type: application/json');
if ($path !== '/echo' && !str_starts_with($path, '/echo/')) {
    http_response_code(404);
    echo '{"error": "not found"}';
    return;
}
$body = file_get_contents('php://input');
echo json_encode([
    'client' => bin2hex($verified->kid()),
    'session' => $verified->sid() === null ? null : bin2hex($verified->sid()),
    'method' => $_SERVER['REQUEST_METHOD'],
    'target' => $target,
    'body_sha256' => $body === '' ? null : hash('sha256', $body),
], JSON_UNESCAPED_SLASHES);
