"""How a deployment of the backend sees whether the new release answers."""

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tools.cpanel import answers, deploy
from tools.cpanel.answers import REFUSALS, Address
from tools.cpanel.commands import Failed
from tools.cpanel.home import Home


@pytest.fixture
def served():
    """Return a function that serves these answers, the last one again and again: status, JSON."""
    servers = []

    def serve(*said):
        left = itertools.chain(said, itertools.repeat(said[-1]))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = next(left)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(answers, "PAUSE_SECONDS", 0.05)


def health(revision):
    return 200, {"status": "ok", "revision": revision}


def test_old_release_and_a_refusal_or_two_are_waited_out(served, tmp_path):
    refused: list[tuple[int, dict[str, str]]] = [(502, {})] * (REFUSALS - 1)
    url = served(health("old"), *refused, health("old"), *refused, health("new"))

    assert Address(url, tmp_path).waits_for("new")


def test_backend_of_a_busy_host_is_there(served, tmp_path):
    """Else a release that does not start would not be taken back."""
    refused: list[tuple[int, dict[str, str]]] = [(508, {})] * (REFUSALS - 1)

    assert Address(served(*refused, health("old")), tmp_path).answers()
    assert not Address(served((508, {})), tmp_path).answers()


def test_refusals_end_the_wait_at_once(served, tmp_path):
    """The page of a backend that can't start, and what is no backend at all."""
    for answer in ((503, {"code": "backend_not_started"}), (200, {"status": "parked"})):
        began = time.monotonic()
        assert not Address(served(health("old"), answer), tmp_path).waits_for("new")
        assert time.monotonic() - began < 30


def test_wait_has_an_end(served, tmp_path, monkeypatch):
    monkeypatch.setenv("DEPLOYR_WAIT_SECONDS", "1")

    assert not Address(served(health("old")), tmp_path).waits_for("new")


def test_address_that_never_answered_takes_nothing_back(tmp_path):
    """The first deployment, or a host that can't reach itself by its name."""
    address = Address("http://127.0.0.1:9", tmp_path)
    with pytest.raises(Failed, match="Nothing answered there before, so the new release stays"):
        deploy._take_back(Home(tmp_path), "old", address, answered=False, python="python3")
    assert [] == list(tmp_path.iterdir())
