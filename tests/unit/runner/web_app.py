"""A web app that answers as a test tells it."""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class App(ThreadingHTTPServer):
    """Answers each path as told; counts what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, tuple[int, str, dict[str, str]]] = {}
        self.asked: list[str] = []
        self.sick_answers = 0
        self.later = ""

    def url(self, path: str) -> str:
        """Return the address of a page."""
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: App
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, text, headers = self.server.pages.get(self.path, (404, "", {}))
        if len(self.server.asked) <= self.server.sick_answers:
            status = 503
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not self.server.later:
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (text, self.server.later, ""):
            self.wfile.write(f"{len(piece):x}\r\n{piece}\r\n".encode())
            self.wfile.flush()
            time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        """Stay silent."""
