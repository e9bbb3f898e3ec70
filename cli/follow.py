"""Following a job: its log as it comes, and what it waits for."""

import base64
import time
from dataclasses import dataclass, field

from deployr.states import JobStatus

from .client import Client, Json
from .errors import CliError, ExitCode, UnreachableError
from .output import Output, duration, safe

OUTAGE_SECONDS = 60.0
"""How long a backend may be silent before following gives up; the job itself goes on."""

LATE_LOG_SECONDS = 15.0
"""How long after a job's end its log may make no progress."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.15, 1.0
CALM = 0.1
"""Pause between two looks, as a part of the time for which nothing has changed."""


@dataclass
class Follower:
    """Prints one job's log until its end; keeps what it knows between two looks."""

    client: Client
    output: Output
    job_id: int
    timeout: float | None = None
    _offset: int = 0
    _waiting: str = ""
    _started: float = field(default_factory=time.monotonic)

    def run(self) -> Json:
        """Return the finished job. Raises CliError for `timeout` and a lasting outage."""
        quiet_since: float | None = None
        changed, known = time.monotonic(), ""
        while True:
            offset = self._offset
            job = self._look()
            if JobStatus(job["status"]).is_final:
                # As long as more of the log comes, more of it is worth waiting for.
                if quiet_since is None or self._offset > offset:
                    quiet_since = time.monotonic()
                late = time.monotonic() - quiet_since > LATE_LOG_SECONDS
                if late or job["log"]["complete"]:
                    self.output.end_log()
                    return job
            else:
                self._say_waiting(job)
            self._check_timeout()
            if self._offset > offset or job["status"] != known:
                changed, known = time.monotonic(), job["status"]
            calm = (time.monotonic() - changed) * CALM
            time.sleep(min(max(calm, SHORTEST_PAUSE), LONGEST_PAUSE))

    def print_log(self) -> Json:
        """Print what there is of the log; return the job."""
        job = self._look()
        self.output.end_log()
        return job

    def _look(self) -> Json:
        """Fetch state and new log, print all of it that the backend has; wait out outages."""
        silent_since = time.monotonic()
        pause = 1.0
        while True:
            try:
                job = self.client.job(self.job_id, self._offset)
            except UnreachableError as error:
                if time.monotonic() - silent_since > OUTAGE_SECONDS:
                    error.advice = f"The job goes on without you. {how_to_return(self.job_id)}"
                    raise
                self._check_timeout()
                time.sleep(pause)
                pause = min(pause * 2, 10.0)
                continue
            silent_since, pause = time.monotonic(), 1.0
            piece = job["log"]
            self.output.log(base64.b64decode(piece["data"]))
            self._offset = piece["next"]
            # A piece is at most 256 KiB: an empty one is the only sign that no more waits.
            if not piece["data"] or piece["complete"]:
                return job

    def _say_waiting(self, job: Json) -> None:
        text = ""
        if job["status"] in {JobStatus.PENDING, JobStatus.QUEUED}:
            # One that waits for nothing else waits for the next poll of its runner.
            text = f"Job {job['id']}: {safe(job['waits'] or 'waits for its runner to ask')} ..."
        if text and text != self._waiting:
            self.output.note(text)
        self._waiting = text

    def _check_timeout(self) -> None:
        if self.timeout is not None and time.monotonic() - self._started > self.timeout:
            raise CliError(
                f"Job {self.job_id} did not end within {duration(self.timeout)}.",
                f"It goes on without you. {how_to_return(self.job_id)}",
                code=ExitCode.TIMEOUT,
            )


def how_to_return(job_id: int) -> str:
    """Return the commands that lead back to a job, as one sentence."""
    return (
        f"Come back with `deployr status {job_id}` or `deployr logs {job_id} --follow`; "
        f"stop it with `deployr cancel {job_id}`."
    )
