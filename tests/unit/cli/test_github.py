"""Signing in with GitHub: pauses, what the backend may name as GitHub, and the browser's return."""

import socket
import threading
from urllib.parse import urlsplit

import pytest
import requests

from cli.client import Client
from cli.config import Account
from cli.errors import CliError
from cli.github import GithubApp, by_device, slower
from cli.loopback import Loopback


class _Backend(Client):
    """Says what it is told about GitHub."""

    def __init__(self, url):
        super().__init__(Account(url="https://deployr.example.com", token=""))
        self._github = url

    def get(self, path, params=None):
        return {"configured": True, "url": self._github, "client_id": "app", "scope": "user:email"}


def test_slow_down_adds_five_seconds_unless_github_says_how_long():
    assert 10 == slower(5, {})
    assert 15 == slower(10, {"interval": "soon"})
    assert 12 == slower(5, {"interval": 12})


@pytest.mark.parametrize(
    "url",
    ["http://github.example.com", "ftp://github.com", "https://", "https://me:pw@github.com", "x"],
)
def test_github_that_is_not_https_is_refused(url):
    with pytest.raises(CliError, match=r"is not https://"):
        GithubApp.of(_Backend(url))


def test_github_may_be_on_this_machine():
    assert GithubApp.of(_Backend("http://127.0.0.1:8080"))


@pytest.fixture
def serve():
    """Serve one answer on a loopback port and return the address."""
    threads = []

    def start(answer):
        listener = socket.create_server(("127.0.0.1", 0))

        def run():
            with listener, listener.accept()[0] as peer:
                peer.recv(65536)
                peer.sendall(answer)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"[" * 100_000,
        b"{}",
        b'{"device_code": "d", "user_code": "c", "verification_uri": "https://evil.example"}',
        b'{"device_code": "d", "user_code": "c", "verification_uri": 7}',
    ],
)
def test_answers_that_make_no_sense_end_in_one_line(serve, body):
    url = serve(b"HTTP/1.0 200 OK\r\n\r\n" + body)
    shown = []

    with pytest.raises(CliError, match="does not answer as GitHub"):
        by_device(GithubApp(url=url, client_id="app", scope=""), lambda *told: shown.append(told))

    assert [] == shown


def test_redirects_of_github_are_not_followed(serve):
    elsewhere = b"HTTP/1.0 307 Moved\r\nLocation: http://127.0.0.1:9/\r\n\r\n"
    app = GithubApp(url=serve(elsewhere), client_id="app", scope="")

    with pytest.raises(CliError, match="does not answer as GitHub"):
        by_device(app, lambda *_: None)


def test_browser_that_does_not_come_back_in_time():
    with Loopback() as loopback, pytest.raises(CliError, match="No browser came back in time"):
        loopback.wait(0.1)


def test_loopback_takes_one_answer_and_keeps_it_out_of_the_log(capfd):
    with Loopback() as loopback:
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(
                requests.get(f"{loopback.url}?code=c1&state=s", timeout=60)
            )
        )
        asking.start()
        query = loopback.wait(60)
        asking.join()

    assert {"code": "c1", "state": "s"} == query
    assert ("text/plain; charset=utf-8", "no-store") == (
        answers[0].headers["Content-Type"],
        answers[0].headers["Cache-Control"],
    )
    assert ("", "") == capfd.readouterr()
    assert "127.0.0.1" == urlsplit(loopback.url).hostname
