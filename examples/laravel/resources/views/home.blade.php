<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Deployed by Deployr</title></head>
<body>
<h1>It works.</h1>
<p id="version">{{ $version }}</p>
<p>This page was built on your server, from commit</p>
<p id="commit">{{ $commit }}</p>
</body>
</html>
