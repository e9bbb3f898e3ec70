<?php return ['default' => 'file', 'prefix' => 'fixture',
    'stores' => ['file' => ['driver' => 'file', 'path' => storage_path('framework/cache/data')]]];
