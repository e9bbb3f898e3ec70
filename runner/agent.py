"""The loop: poll, claim, deploy, report."""

import fcntl
import json
import logging
import os
import random
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from deployr.states import JobStatus

from .backoff import Backoff
from .client import Candidate, Client, JobReply
from .config import Places
from .errors import BackendError, RunnerError, TokenRefusedError, UnreachableError
from .files import make_private_dir, write_atomically
from .job import Job, Outcome
from .reporter import MAX_REFUSALS, Reporter
from .stop import StopFlag

STATE_FILE = "status.json"
_logger = logging.getLogger(__name__)


class Agent:
    """Works one job at a time until `stop` is set."""

    def __init__(self, client: Client, places: Places, stop: StopFlag) -> None:
        self._client = client
        self._places = places
        self._stop = stop
        self._backoff = Backoff()
        self._refusals = 0

    def run(self) -> None:
        """Poll for ever. Raises TokenRefusedError when the backend keeps refusing the token."""
        while not self._stop.reason:
            self._stop.wait(self._turn())

    def run_once(self) -> None:
        """Work one job if one waits. Raises BackendError, UnreachableError."""
        poll = self._client.poll()
        self._note(last_contact=_now())
        self._work_first(poll.candidates)

    def _turn(self) -> float:
        """Poll and work; return the seconds until the next poll."""
        try:
            poll = self._client.poll()
            worked = self._work_first(poll.candidates)
        except TokenRefusedError:
            self._refusals += 1
            if self._refusals >= MAX_REFUSALS:
                raise
            return self._backoff.next()
        except UnreachableError as error:
            _logger.warning("%s", error)
            return self._backoff.next(error.retry_after)
        except BackendError as error:
            _logger.warning("the backend refused the poll: %s", error)
            return self._backoff.next()
        self._refusals = 0
        self._backoff.reset()
        self._note(last_contact=_now())
        # Whoever waits behind the job that just ended should not wait for the next poll too.
        return 0 if worked else poll.poll_after * random.uniform(0.9, 1.1)  # noqa: S311

    def _work_first(self, candidates: tuple[Candidate, ...]) -> bool:
        """Work the first candidate that nobody else takes; tell whether there was one."""
        for candidate in candidates:
            claim_id = str(uuid.uuid4())
            if reply := self._claim(candidate.job_id, claim_id):
                self._work(candidate.job_id, claim_id, reply)
                return True
        return False

    def _claim(self, job_id: int, claim_id: str) -> JobReply | None:
        """Claim a job; None when somebody else was quicker.

        When the answer is lost the same claim is posted again, so that the job is not lost too.
        """
        while True:
            try:
                body = {"status": JobStatus.RUNNING, "claim_id": claim_id}
                return self._client.post_status(job_id, body)
            except UnreachableError as error:
                if self._stop.wait(self._backoff.next(error.retry_after)):
                    raise
            except TokenRefusedError:
                raise
            except BackendError as error:
                _logger.info("job %s is not ours: %s", job_id, error)
                return None

    def _work(self, job_id: int, claim_id: str, reply: JobReply) -> None:
        _logger.info("job %s begins", job_id)
        with StopFlag(parent=self._stop) as stop:
            job = Job(job_id, claim_id, self._places, stop)
            reporter = Reporter(self._client, job_id, claim_id, job.log, stop)
            reporter.start()
            outcome = job.run(reply.payload)
            reporter.end(outcome.end(), self._stop)
        _logger.info("job %s: %s", job_id, outcome.reason or outcome.status)
        self._note(last_job=_summary(job_id, outcome))

    def _note(self, **facts: object) -> None:
        """Keep what `status` shows; the disk may be full, and the work goes on."""
        try:
            make_private_dir(self._places.state)
            known = read_notes(self._places)
            text = json.dumps({**known, **facts})
            write_atomically(self._places.state / STATE_FILE, text)
        except OSError as error:
            _logger.warning("the state can't be written: %s", error)


@contextmanager
def sole_agent(places: Places) -> Iterator[None]:
    """Keep other agents out of the state directory, and clear away what a killed one left.

    Raises RunnerError when another one is at work. The kernel drops the lock with the process.
    """
    make_private_dir(places.state)
    fd = os.open(places.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _locked(fd):
            raise RunnerError(f"another deployr-runner works with {places.state}")
        shutil.rmtree(places.work, ignore_errors=True)
        yield
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_notes(places: Places) -> dict[str, object]:
    """Return what the agent noted last; empty when it never ran."""
    try:
        found = json.loads((places.state / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _summary(job_id: int, outcome: Outcome) -> dict[str, object]:
    reason = outcome.reason
    return {"id": job_id, "status": outcome.status, "reason": reason, "ended_at": _now()}


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
