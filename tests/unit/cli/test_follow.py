"""Following a job through outages, over a small real HTTP server."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli import follow
from cli.client import Client
from cli.config import Account
from cli.errors import CliError, ExitCode, UnreachableError
from cli.follow import Follower
from cli.output import Output


def answer(status="running", log=b"", start=0, *, complete=False):
    """A job as the backend tells it."""
    data = base64.b64encode(log).decode()
    piece = {"from": start, "next": start + len(log), "data": data, "complete": complete}
    job = {"id": 1, "status": status, "waiting_for": None, "log": piece}
    return 200, json.dumps(job)


@pytest.fixture
def scripted():
    """A backend that gives scripted answers, the last one for ever; returns its client."""
    servers = []

    def serve(*answers):
        left = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, body = left.pop(0) if len(left) > 1 else left[0]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return Client(Account(url=f"http://127.0.0.1:{server.server_port}", token="x"))

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_short_outage_is_survived_and_nothing_is_printed_twice(scripted, capsys):
    client = scripted(
        answer(log=b"one\n"),
        answer(start=4),
        (502, "<html>Bad Gateway</html>"),
        (503, "{}"),
        answer("completed", b"two\n", 4, complete=True),
    )

    job = Follower(client, Output(), 1).run()

    assert "completed" == job["status"]
    assert "one\ntwo\n" == capsys.readouterr().out


def test_outage_right_behind_a_piece_is_survived_too(scripted, capsys):
    """The follower asks again at once: more may wait."""
    client = scripted(
        answer(log=b"one\n"),
        (502, "<html>Bad Gateway</html>"),
        answer("completed", b"two\n", 4, complete=True),
    )

    Follower(client, Output(), 1).run()

    assert "one\ntwo\n" == capsys.readouterr().out


def test_lasting_outage_ends_with_how_to_come_back(scripted, monkeypatch):
    monkeypatch.setattr(follow, "OUTAGE_SECONDS", 0.5)
    client = scripted((502, "<html>"))

    with pytest.raises(UnreachableError) as caught:
        Follower(client, Output(), 1).run()

    assert ExitCode.UNREACHABLE is caught.value.code
    assert "`deployr logs 1 --follow`" in caught.value.advice


def test_timeout_counts_during_an_outage_too(scripted):
    client = scripted((502, "<html>"))

    with pytest.raises(CliError) as caught:
        Follower(client, Output(), 1, timeout=0.2).run()

    assert ExitCode.TIMEOUT is caught.value.code


def test_log_that_never_completes_is_not_waited_for_long(scripted, monkeypatch, capsys):
    monkeypatch.setattr(follow, "LATE_LOG_SECONDS", 0.3)
    client = scripted(answer("failed", b"one\n"), answer("failed", start=4))

    assert "failed" == Follower(client, Output(), 1).run()["status"]
    assert "one\n" == capsys.readouterr().out


def test_log_that_still_comes_is_waited_for(scripted, monkeypatch, capsys):
    """A long one may need minutes behind a slow host."""
    monkeypatch.setattr(follow, "LATE_LOG_SECONDS", 0.4)
    pieces = [answer("failed", b"line\n", 5 * number) for number in range(4)]
    idle = [answer("failed", start=5 * number) for number in range(1, 5)]
    last = answer("failed", b"end\n", 20, complete=True)
    client = scripted(*(each for pair in zip(pieces, idle, strict=True) for each in pair), last)

    Follower(client, Output(), 1).run()

    assert "line\n" * 4 + "end\n" == capsys.readouterr().out


@pytest.mark.parametrize("body", ["", "[]", "<html></html>", "{"])
def test_answers_of_others_are_unreachable(scripted, body):
    with pytest.raises(UnreachableError, match="did not answer as a Deployr backend"):
        scripted((200, body)).user()


def test_redirects_are_not_followed_with_the_token(scripted):
    with pytest.raises(UnreachableError):
        scripted((302, "{}")).user()
