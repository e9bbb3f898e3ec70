<?php namespace App\Providers;
class RouteServiceProvider extends \Illuminate\Foundation\Support\Providers\RouteServiceProvider
{   public function boot() { $this->routes(fn () => \Illuminate\Support\Facades\Route::middleware('web')->group(base_path('routes/web.php'))); } }
