"""A backend that begins anew for each request: `python -m tests.support.forked_backend`.

Prints its port. Each request is served by a process that was forked before there was any app, makes
one, answers and ends: nothing but the database outlives a request.
"""

import socketserver
from collections.abc import Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from app import create_app


class _Server(socketserver.ForkingMixIn, WSGIServer):
    max_children = 20


class _Handler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _application(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    return create_app()(environ, start)


def main() -> None:
    """Serve until killed."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.set_app(_application)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
