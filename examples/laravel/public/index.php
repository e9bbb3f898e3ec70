<?php define('LARAVEL_START', microtime(true));
if (file_exists($down = __DIR__ . '/../storage/framework/maintenance.php')) { require $down; }
require __DIR__ . '/../vendor/autoload.php';
$app = require __DIR__ . '/../bootstrap/app.php';
$kernel = $app->make(Illuminate\Contracts\Http\Kernel::class);
$response = $kernel->handle($request = Illuminate\Http\Request::capture())->send();
$kernel->terminate($request, $response);
