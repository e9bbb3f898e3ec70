"""Web servers of the demo: they stand where nginx, php-fpm or systemd stand on a real server."""

import functools
import http.server
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# PHP's server resolves `current` once and keeps serving the old release; this asks every time.
PHP_ROUTER = """<?php
clearstatcache(true);
$public = realpath(%(current)s) . '/public';
$path = urldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
$file = realpath($public . $path);
if ($path !== '/' && $file && str_starts_with($file, $public . '/') && is_file($file)) {
    header('Content-Type: ' . (mime_content_type($file) ?: 'application/octet-stream'));
    readfile($file);
    return true;
}
chdir($public);
require $public . '/index.php';
"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line per request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        del format, args


def serve_static(current: Path, port: int) -> None:
    """Serve the files of the release that `current` names at each request."""
    handler = functools.partial(_Quiet, directory=str(current))
    http.server.ThreadingHTTPServer(("127.0.0.1", port), handler).serve_forever()


def serve_laravel(current: Path, port: int) -> None:
    """Run PHP's own server with a router that follows `current`."""
    router = current.parent / "router.php"
    router.write_text(PHP_ROUTER % {"current": repr(str(current))})
    os.execvp("php", ["php", "-S", f"127.0.0.1:{port}", str(router)])


def serve_nextjs(current: Path, port: int) -> None:
    """Keep `node server.js` of the current release running; restart when `restart.txt` changes."""
    restart = current.parent / "shared" / "tmp" / "restart.txt"
    env = os.environ | {"HOSTNAME": "127.0.0.1", "PORT": str(port)}
    node: subprocess.Popen[bytes] | None = None
    seen = 0
    while True:
        stamp = restart.stat().st_mtime_ns if restart.exists() else 0
        if stamp != seen or (node and node.poll() is not None):
            seen = stamp
            if node:
                node.terminate()
                node.wait()
            node = subprocess.Popen(["node", "server.js"], cwd=current.resolve(), env=env)
        time.sleep(0.1)


SERVERS = {"static": serve_static, "laravel": serve_laravel, "nextjs": serve_nextjs}


def main() -> None:
    """`python -m tools.demo.serve APP CURRENT PORT`."""
    # As SystemExit the signal also ends a child through its process group's owner.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app, current, port = sys.argv[1:]
    SERVERS[app](Path(current), int(port))


if __name__ == "__main__":
    main()
