<?php

/** A page that is a client of TCX: OSCAR_TCX is its app's JSON, OSCAR_TCX_URL its authority. */

declare(strict_types=1);

require getenv('OSCAR_APP') . '/vendor/autoload.php';

$app = json_decode(getenv('OSCAR_TCX'), true);
$client = new Oscartoki\Tcx\Client($app['app_id'], $app['app_secret'], $app['app_public'], 'TWTC');
try {
    echo $client->fetchAccess(getenv('OSCAR_TCX_URL'));
} catch (Oscartoki\Tcx\Refused $refused) {
    http_response_code(502);
    echo $refused->getMessage();
}
