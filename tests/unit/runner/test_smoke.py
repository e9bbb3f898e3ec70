"""The smoke start: a server on a spare port, which is gone afterwards however it went."""

import os
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from deployr.states import Reason
from runner import shell as shell_module
from runner import smoke
from runner.errors import JobFailedError
from runner.recipes.nextjs import is_standalone
from runner.shell import Command, Shell, marked_processes
from runner.stop import StopFlag

MARK = f"mark-of-smoke-tests-{uuid.uuid4()}"
PATH = {"PATH": os.environ["PATH"]}

SERVER = """
import http.server, os, sys, time
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked for", self.path, flush=True)
        self.send_response(int(os.environ["STATUS"]))
        self.send_header("Location", "https://shop.example.com/")
        self.end_headers()
address = (os.environ["HOSTNAME"], int(os.environ["PORT"]))
http.server.HTTPServer(address, Page).serve_forever()
"""


class App:
    """A server in a directory, started as the runner would."""

    def __init__(self, directory: Path, stop: StopFlag) -> None:
        self.directory = directory
        self.stop = stop
        self.shell = Shell(stop, MARK)

    def start(self, source: str = SERVER, status: int = 200) -> float:
        (self.directory / "server.py").write_text(source)
        return smoke.smoke_start(
            (sys.executable, "server.py"),
            self.directory,
            "/up",
            env=PATH | {"STATUS": str(status)},
            shell=self.shell,
            stop=self.stop,
        )

    def failure(self, source: str = SERVER, status: int = 200) -> JobFailedError:
        with pytest.raises(JobFailedError) as failed:
            self.start(source, status)
        return failed.value


@pytest.fixture
def app(tmp_path, monkeypatch):
    monkeypatch.setattr(smoke, "START_SECONDS", 60.0)
    monkeypatch.setattr(smoke, "PAUSE_SECONDS", 0.02)
    with StopFlag() as stop:
        yield App(tmp_path, stop)
    assert [] == marked_processes(MARK)


@pytest.mark.parametrize("status", [200, 302])
def test_page_or_redirect_is_well(app, status):
    assert 0 < app.start(status=status) < 60


@pytest.mark.parametrize("status", [404, 500])
def test_other_answers_fail_with_the_end_of_the_output(app, status):
    failure = app.failure(status=status)

    assert Reason.HEALTH_CHECK_FAILED is failure.reason
    assert f"answers {status}; another page can be named as nextjs.smoke_check" in failure.detail
    assert failure.detail.count("asked for /up") == 3


def test_server_that_ends_fails_at_once(app):
    failure = app.failure("raise SystemExit('DB_HOST is not set')")

    assert "`" + sys.executable + " server.py` ended with exit code 1" in failure.detail
    assert "DB_HOST is not set" in failure.detail


def test_silent_server_fails_at_the_deadline(app, monkeypatch):
    monkeypatch.setattr(smoke, "START_SECONDS", 0.5)

    assert "gave no answer within 0.5 s" in app.failure("import time; time.sleep(60)").detail


def test_cancel_ends_it(app):
    timer = threading.Timer(0.3, app.stop.set, (Reason.CANCELLED,))
    timer.start()

    assert Reason.CANCELLED is app.failure("import time; time.sleep(60)").reason
    timer.join()


def test_background_command_is_ended_with_its_children(app, monkeypatch):
    monkeypatch.setattr(shell_module, "TERM_SECONDS", 0.2)
    line = "trap '' TERM; echo up; sleep 300 & wait"
    said: list[bytes] = []

    with app.shell.started(Command.line(line, app.directory, PATH), said.append) as exit_code:
        while not said:
            time.sleep(0.01)
        assert exit_code() is None
        assert marked_processes(MARK)
    assert b"up\n" == b"".join(said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = 1", True),
        ("own server", False),
        (None, False),
    ],
)
def test_standalone_server_is_told_from_a_server_of_the_app(tmp_path, text, expected):
    if text is not None:
        (tmp_path / "server.js").write_text(text)
    assert expected == is_standalone(tmp_path)
