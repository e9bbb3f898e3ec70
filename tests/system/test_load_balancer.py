"""nginx as docs/scaling.md configures it, before machines of which one is off."""

import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import requests

from tests.support.gunicorn import nginx

MOST_SECONDS = 5
"""So long a client, as a runner, waits for a connection; an answer must not take longer."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def machine():
    """A backend that answers; yield its URL."""

    def answer(_environ, start):
        start("200 OK", [])
        return [b"here"]

    with make_server("127.0.0.1", 0, answer, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def machine_that_is_off():
    """Nobody refuses a connection, and nobody takes it; yield its URL."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        while True:  # once its queue is full, the kernel drops what comes
            knocker = stack.enter_context(socket.socket())
            knocker.settimeout(0.3)
            try:
                knocker.connect(address)
            except TimeoutError:
                break
        yield f"http://127.0.0.1:{address[1]}"


@pytest.fixture
def balancer():
    with machine_that_is_off() as off, machine() as on, nginx([off, on]) as url:
        yield url


def test_machine_that_is_off_delays_nobody_for_long(balancer):
    """Whoever comes to it first is served by the next one."""
    delays = []
    for _ in range(4):
        start = time.monotonic()
        assert "here" == requests.get(f"{balancer}/api/user", timeout=30).text
        delays.append(time.monotonic() - start)
    # Every other request comes to it first; one of them may have met a busy moment of ours.
    assert sorted(delays)[-2] < MOST_SECONDS
