<?php // `artisan serve` of Laravel 8 insists on this file
$path = urldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
if ($path !== '/' && is_file(__DIR__ . '/public' . $path)) { return false; }
require __DIR__ . '/public/index.php';
