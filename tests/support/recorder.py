"""A proxy on a loopback port that keeps whatever a client says to the server behind it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import requests

from deployr.wire import WireError, decode_base64
from tests.support.traces import unpacked


class Recorder:
    """`url` stands for the server at `target`."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._said: list[bytes] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                recorder._pass_on(self)

            do_POST = do_GET  # noqa: N815 - the base class calls it so

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def said(self) -> bytes:
        """All requests: as they came, and with what is packed in their bodies unpacked."""
        return b"\n".join(self._said)

    def _pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        head = f"{handler.requestline}\n{handler.headers}".encode()
        self._said += [head, body, *_texts(json.loads(body) if body else None)]
        kept = {name: handler.headers[name] for name in ("Authorization", "Content-Type")}
        answer = requests.request(
            handler.command,
            self._target + handler.path,
            data=body,
            headers={name: value for name, value in kept.items() if value},
            timeout=60,
        )
        handler.send_response(answer.status_code)
        for name in ("Content-Type", "Retry-After"):
            if name in answer.headers:
                handler.send_header(name, answer.headers[name])
        handler.send_header("Content-Length", str(len(answer.content)))
        handler.end_headers()
        handler.wfile.write(answer.content)


def _texts(value: Any) -> list[bytes]:
    """Return the texts of a JSON value, decoded from base64 and unpacked where they are that."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return [text for part in parts for text in _texts(part)]
    if not isinstance(value, str):
        return []
    try:
        raw = decode_base64(value)
    except WireError:
        return [value.encode()]
    return [value.encode(), raw, unpacked(raw)]
