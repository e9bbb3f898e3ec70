<?php use Illuminate\Support\Facades\Route;
Route::get('/', [App\Status::class, 'home']);
Route::get('/up', App\Status::class);
