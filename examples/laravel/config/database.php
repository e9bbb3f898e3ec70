<?php return ['default' => env('DB_CONNECTION', 'sqlite'), 'migrations' => 'migrations', 'connections' => [
    'sqlite' => ['driver' => 'sqlite', 'prefix' => '', 'database' => env('DB_DATABASE', storage_path('database.sqlite'))],
    'mysql' => ['driver' => 'mysql', 'host' => env('DB_HOST', '127.0.0.1'), 'port' => env('DB_PORT', '3306'),
        'database' => env('DB_DATABASE'), 'username' => env('DB_USERNAME'), 'password' => env('DB_PASSWORD', ''),
        'charset' => 'utf8mb4', 'collation' => 'utf8mb4_unicode_ci', 'prefix' => '', 'strict' => true]]];
