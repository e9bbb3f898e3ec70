"""A proxy on loopback between a client and the backend that does what networks and hosts do."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import requests

HTML = b"<html><head><title>oops</title></head><body>The host says no.</body></html>"


class Fault(StrEnum):
    """One thing that goes wrong with one request."""

    LOST_REQUEST = "lost request"  # the connection dies before the backend hears of it
    LOST_ANSWER = "lost answer"  # the backend has done it; the answer never comes
    RESET = "reset"  # likewise, with a TCP reset in the middle of the answer
    BAD_GATEWAY = "502"  # HTML, and the backend never heard of it
    GATEWAY_AFTER = "502 after"  # HTML, although the backend has done it
    LIMIT = "508"  # a shared host's resource limit
    TOO_LARGE = "413"  # a firewall's body limit
    UNAVAILABLE = "503"  # with Retry-After
    STALL = "stall"  # nothing for longer than the client waits
    TWICE = "twice"  # the request arrives two times


class FaultProxy:
    """Forwards to one backend; `choose(number, method, path)` names the fault of each request."""

    def __init__(
        self,
        backend: str,
        choose: Callable[[int, str, str], Fault | None] = lambda *_: None,
        stall_seconds: float = 1.0,
    ) -> None:
        self.backend = backend
        self.choose = choose
        self.stall_seconds = stall_seconds
        self.done: list[tuple[str, str, Fault | None]] = []
        """Method, path and fault of every request so far."""
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_fault(self, method: str, path: str) -> Fault | None:
        """Return the fault of the next request, and note it."""
        with self._lock:
            fault = self.choose(len(self.done), method, path)
            self.done.append((method, path, fault))
            return fault

    def happened(self) -> list[Fault]:
        """Return the faults so far."""
        return [fault for _, _, fault in self.done if fault is not None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: FaultProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: that clients give up is what is tested."""


_BEFORE: dict[Fault, tuple[int, dict[str, str]]] = {
    Fault.BAD_GATEWAY: (502, {}),
    Fault.LIMIT: (508, {}),
    Fault.TOO_LARGE: (413, {}),
    Fault.UNAVAILABLE: (503, {"Retry-After": "0"}),
}
_KEPT = ("Content-Type", "Retry-After", "Idempotent-Replay")


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.proxy.next_fault(self.command, self.path)
        if fault in _BEFORE:
            status, headers = _BEFORE[fault]
            self._send(status, HTML, {"Content-Type": "text/html", **headers})
        elif fault is not Fault.LOST_REQUEST:
            answer = self._forward(body)
            if fault is Fault.TWICE:
                answer = self._forward(body)
            self._answer(fault, answer)

    def _answer(self, fault: Fault | None, answer: requests.Response) -> None:
        if fault is Fault.STALL:
            self._stall()
        elif fault is Fault.GATEWAY_AFTER:
            self._send(502, HTML, {"Content-Type": "text/html"})
        elif fault is Fault.RESET:
            self._reset()
        elif fault is not Fault.LOST_ANSWER:
            headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            self._send(answer.status_code, answer.content, headers)

    def _forward(self, body: bytes) -> requests.Response:
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        url = self.server.proxy.backend + self.path
        return requests.request(self.command, url, data=body, headers=headers, timeout=30)

    def _stall(self) -> None:
        """Say nothing for the proxy's `stall_seconds`, or until the client leaves."""
        self.connection.settimeout(self.server.proxy.stall_seconds)
        with contextlib.suppress(OSError):
            self.rfile.read(1)

    def _reset(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""
