"""Clients that go on while the backend has no database, each in a thread."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import requests

from tests.support.live import HandRunner, LiveBackend


class Clerk(threading.Thread):
    """Makes one request after the other, and repeats each one that is answered 503."""

    def __init__(
        self,
        ask: Callable[[], requests.Response],
        read: Callable[[requests.Response], None] = lambda _: None,
    ) -> None:
        super().__init__(daemon=True)
        self._ask, self._read = ask, read
        self._over = threading.Event()
        self.answers: Counter[str] = Counter()
        """How many were `served` and how many `refused`."""
        self.surprise: Exception | None = None

    def run(self) -> None:
        """Work until stopped; an answer that must not be is kept as a surprise."""
        try:
            while not self._over.wait(0.03):
                answer = self._ask()
                if answer.status_code == 503:
                    _check_refusal(answer)
                    self.answers["refused"] += 1
                else:
                    assert answer.status_code < 500, answer.text
                    self._read(answer)
                    self.answers["served"] += 1
        except Exception as error:  # noqa: BLE001 - the test shows it
            self.surprise = error

    def stop(self) -> None:
        """Return when the last request is answered."""
        self._over.set()
        self.join()


def _check_refusal(answer: requests.Response) -> None:
    assert "application/problem+json" == answer.headers["Content-Type"]
    assert "database_unavailable" == answer.json()["code"]
    assert int(answer.headers["Retry-After"]) > 0


class Worker:
    """A runner that sends a log without end and goes back to where the backend says it is."""

    def __init__(self, runner: HandRunner, job_id: int) -> None:
        self.runner, self.job_id = runner, job_id
        self.log, self.acked = "", 0

    def send(self) -> requests.Response:
        """Send one more line, and with it what the backend has not got yet."""
        self.log += f"line {len(self.log)}\n"
        return self.runner.log(self.job_id, self.log[self.acked :][:5000], self.acked)

    def read(self, answer: requests.Response) -> None:
        """Note how far the backend is."""
        assert answer.status_code == 200 or answer.json()["code"] == "log_gap", answer.text
        self.acked = answer.json()["ack"]


class Customer:
    """Creates jobs under keys; each key makes one job, however often it is sent."""

    def __init__(self, backend: LiveBackend, project_id: int) -> None:
        self.made: dict[str, int] = {}
        self._backend, self._numbers = backend, itertools.count()
        self._body: dict[str, Any] = {"project_id": project_id, "environment": "staging"}
        self._key = ""

    def create(self) -> requests.Response:
        """Ask for a job, under the last key if that was not answered."""
        self._key = self._key or f"key-{next(self._numbers)}"
        return self._backend.ask("POST", "/api/jobs", self._body, key=self._key)

    def read(self, answer: requests.Response) -> None:
        """Note which job was made."""
        assert answer.status_code in {200, 201}, answer.text
        self.made[self._key] = answer.json()["id"]
        self._key = ""
