"""Requests to other servers: where they don't go, what they don't take along, when they end."""

import gzip
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from flask import Flask, Response, request
from werkzeug.serving import make_server

from app.clients import outbound
from app.clients.outbound import MAX_BYTES, OutboundError, guarded
from app.config import ConfigError, Settings
from app.safe_url import is_safe


def _drip():
    for _ in range(10_000):  # until the client leaves
        time.sleep(0.02)
        yield b"x"


@pytest.fixture(scope="module")
def other():
    """Another server; what it was asked is in `/asked`."""
    app = Flask("other")
    asked: list[str] = []
    app.before_request(lambda: asked.append(request.path))
    answers: dict[str, Callable[[], Any]] = {
        "moved": lambda: Response(status=302, headers={"Location": "/inside"}),
        "headers": lambda: dict(request.headers),
        "large": lambda: b"0" * (MAX_BYTES + 1),
        "most": lambda: b"0" * MAX_BYTES,
        "packed": lambda: Response(gzip.compress(b"0"), headers={"Content-Encoding": "gzip"}),
        "drip": lambda: Response(_drip()),
        "asked": lambda: asked,
    }
    app.get("/<name>")(lambda name: answers[name]())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _get(url):
    with guarded(requests.Session()) as session:
        return session.get(url)


def test_redirects_are_not_followed(other):
    with pytest.raises(OutboundError):
        _get(f"{other}/moved")

    assert "/inside" not in _get(f"{other}/asked").json()


@pytest.mark.parametrize("path", ["large", "packed"])
def test_answer_that_is_too_large_or_packed_is_dropped(other, path):
    with pytest.raises(OutboundError):
        _get(f"{other}/{path}")


def test_answer_of_the_largest_size_is_whole(other):
    assert b"0" * MAX_BYTES == _get(f"{other}/most").content


def test_answer_that_drips_is_cut_off(other, monkeypatch):
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.2)
    started = time.monotonic()

    with pytest.raises(OutboundError):
        _get(f"{other}/drip")

    assert time.monotonic() - started < 60


def test_netrc_is_left_alone(other, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))

    assert "Authorization" in requests.get(f"{other}/headers", timeout=5).json()
    assert "Authorization" not in _get(f"{other}/headers").json()


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://github.com", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://github.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://127.0.0.1@example.com", False),
        ("http://169.254.169.254/latest", False),
        ("ftp://github.com", False),
        ("http://[bad", False),
    ],
)
def test_plain_http_stays_on_this_machine(tmp_path, url, safe):
    assert safe == is_safe(url)
    if not safe and url.startswith("http"):
        with pytest.raises(ConfigError, match="DEPLOYR_GITHUB_URL: must start with https://"):
            Settings.load({"DEPLOYR_GITHUB_URL": url}, tmp_path)


def test_plain_http_is_refused_before_it_is_sent():
    with pytest.raises(OutboundError):
        _get("http://192.0.2.1/")
