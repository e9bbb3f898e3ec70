<?php // Hands Composer the framework that Debian's php-laravel-framework installs.
$root = getenv('DEPLOYR_PHP_LIB') ?: '/usr/share/php';
set_include_path($root . PATH_SEPARATOR . get_include_path());
require_once $root . '/Illuminate/autoload.php';
