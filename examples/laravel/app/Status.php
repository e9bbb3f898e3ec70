<?php namespace App;
use Illuminate\Support\Facades\DB;
class Status {
    public const VERSION = 'laravel-example-v1';

    public function home()
    {   // The runner writes the deployed commit to REVISION.
        $commit = is_file(base_path('REVISION')) ? trim(file_get_contents(base_path('REVISION'))) : 'unknown';
        return view('home', ['version' => self::VERSION, 'commit' => $commit]); }

    public function __invoke()
    {   // Fails with 500 when APP_KEY, the database or the migrations are missing.
        return response()->json(['version' => self::VERSION, 'release' => basename(base_path()),
            'key' => decrypt(encrypt('ok')), 'db' => DB::getDriverName(),
            'migrations' => DB::table('migrations')->count(),
            'config_cached' => app()->configurationIsCached(), 'routes_cached' => app()->routesAreCached()]); } }
