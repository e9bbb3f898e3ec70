"""A server on this machine that waits for the one request with which a browser comes back."""

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from .errors import CliError, ExitCode

PATH = "/callback"
_PAGE = b"GitHub's answer has arrived. Close this page and go back to the terminal.\n"


class Loopback:
    """Listens on a free port of 127.0.0.1 while it is entered."""

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}{PATH}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def wait(self, seconds: float) -> dict[str, str]:
        """Return the query of the first request for our path. Raises CliError after `seconds`."""
        deadline = time.monotonic() + seconds
        while self._server.query is None:
            self._server.timeout = deadline - time.monotonic()
            if self._server.timeout <= 0:
                raise CliError(
                    "No browser came back in time.",
                    "Try `deployr login` without --web: it works with a browser anywhere.",
                    code=ExitCode.NOT_SIGNED_IN,
                )
            self._server.handle_request()
        return self._server.query


class _Server(HTTPServer):
    query: dict[str, str] | None = None


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5
    """Seconds for a connection that says nothing, so that it keeps nobody out."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != PATH or self.server.query is not None:
            self.send_error(404)
            return
        self.server.query = dict(parse_qsl(parts.query))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, *_: object) -> None:
        """Say nothing: the line of a request would show the code."""
