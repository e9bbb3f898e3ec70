<?php namespace App\Http;
class Kernel extends \Illuminate\Foundation\Http\Kernel
{   // Without this middleware `artisan down` changes nothing a visitor sees.
    protected $middleware = [\Illuminate\Foundation\Http\Middleware\PreventRequestsDuringMaintenance::class];
    protected $middlewareGroups = ['web' => [\Illuminate\Routing\Middleware\SubstituteBindings::class]]; }
