"""Many runners and users at once, each in a thread, who repeat what was not answered."""

import random
import threading
import time
import uuid
from abc import ABC, abstractmethod
from typing import Any

import requests

from deployr.logchunk import LogChunk
from deployr.states import JobStatus
from runner.client import Client, JobReply
from runner.errors import BackendError, UnreachableError

PATIENCE_SECONDS = 120
"""How long somebody goes on asking a backend that does not answer."""
PIECES = 2
IDLE_SECONDS = 0.3


class Member(threading.Thread, ABC):
    """Works until it is told to leave; what must not be is kept as a surprise."""

    def __init__(self, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.over = over
        self.surprise: Exception | None = None
        self.moments: list[float] = []
        """When it was served."""

    def run(self) -> None:
        """Work."""
        try:
            self.work()
        except Exception as error:  # noqa: BLE001 - the test shows it
            self.surprise = error

    @abstractmethod
    def work(self) -> None:
        """Do what this kind of member does."""

    def served(self) -> None:
        """Note that the backend did what it was asked."""
        self.moments.append(time.monotonic())


class BusyRunner(Member):
    """Claims, tells log and end; `logs` by the jobs that it ended."""

    def __init__(self, url: str, token: str | None, over: threading.Event) -> None:
        super().__init__(over)
        self._client = Client(url, token or "")
        self.claims: list[tuple[int, str]] = []
        self.logs: dict[int, bytes] = {}

    def work(self) -> None:
        """Poll and do jobs."""
        while not self.over.is_set():
            try:
                found = self._client.poll().candidates
            except UnreachableError:
                found = ()
            # As the real one: the first that it gets, and polls again at once after it.
            if not any(self._do(candidate.job_id) for candidate in found):
                self.over.wait(random.uniform(0.5, 1) * IDLE_SECONDS)

    def _do(self, job_id: int) -> bool:
        claim = {"claim_id": str(uuid.uuid4())}
        try:
            self._post(job_id, {"status": JobStatus.RUNNING, **claim})
        except BackendError as error:
            if error.code != "not_claimable":
                raise
            return False
        self.claims.append((job_id, claim["claim_id"]))
        log = b""
        for _ in range(PIECES):
            piece = random.randbytes(random.randrange(1, 1500)).hex().encode()
            chunk = LogChunk.pack(len(log), piece).model_dump()
            log += piece
            reply = self._post(job_id, {"status": JobStatus.RUNNING, "log": chunk, **claim})
            assert reply.ack == len(log)
        end = {"status": JobStatus.COMPLETED, "log_final_bytes": len(log)}
        assert self._post(job_id, end | claim).status == JobStatus.COMPLETED
        self.logs[job_id] = log
        return True

    def _post(self, job_id: int, body: dict[str, Any]) -> JobReply:
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                reply = self._client.post_status(job_id, body)
            except UnreachableError:
                assert time.monotonic() < end
                time.sleep(random.uniform(0.2, 0.6))
            else:
                self.served()
                return reply


class Customer(Member):
    """Creates `number` jobs in turn in the projects, each under a key of its own."""

    def __init__(self, url: str, token: str | None, projects: list[int], number: int) -> None:
        super().__init__(threading.Event())
        self._url, self._number, self._projects = url, number, projects
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self.made: list[int] = []

    def work(self) -> None:
        """Create them all."""
        for number in range(self._number):
            project = self._projects[number % len(self._projects)]
            self.made.append(self._create(project, str(uuid.uuid4())))

    def _create(self, project: int, key: str) -> int:
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._session.post(
                f"{self._url}/api/jobs",
                json={"project_id": project},
                headers={"Idempotency-Key": key},
                timeout=60,
            )
            if answer.status_code in {200, 201}:
                self.served()
                job: int = answer.json()["id"]
                return job
            assert answer.status_code in {502, 503, 504}, answer.text
            assert time.monotonic() < end
            time.sleep(random.uniform(0.2, 0.6))
