<?php use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;
return new class extends Illuminate\Database\Migrations\Migration {
    public function up() { Schema::create('notes', function (Blueprint $t) { $t->id(); $t->string('body'); }); }
    public function down() { Schema::dropIfExists('notes'); }
};
