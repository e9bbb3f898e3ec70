"""Tells the backend how a job goes: heartbeats, log and end. An outage never touches the job."""

import logging
import random
import threading
import time
from typing import Any

from deployr.logchunk import MAX_CHUNK_BYTES, LogChunk
from deployr.states import JobStatus, Reason

from .backoff import Backoff
from .client import Client, JobReply
from .errors import (
    BackendError,
    ClaimLostError,
    LogGapError,
    TokenRefusedError,
    UnreachableError,
)
from .logstream import JobLog
from .stop import StopFlag

FIRST_SECONDS = 0.3
"""From the claim to the first post: whoever has just pushed is waiting."""

EARLY_SECONDS = 10.0
EARLY_INTERVAL = 2.0
"""The backend learns only by and by that somebody follows a new job: be quick at first."""

MAX_REFUSALS = 3
"""401s in a row after which the token is taken for revoked."""

END_SECONDS = 600.0
STOPPING_END_SECONDS = 20.0
"""How long the end of a job is offered to a backend that does not answer."""

_logger = logging.getLogger(__name__)


class Reporter:
    """Posts in a thread of its own while the job runs, and in the caller's at its end."""

    def __init__(
        self, client: Client, job_id: int, claim_id: str, log: JobLog, stop: StopFlag
    ) -> None:
        self._client = client
        self._job_id = job_id
        self._claim_id = claim_id
        self._log = log
        self._stop = stop
        self._ack = 0
        self._full = False
        self._backoff = Backoff()
        self._begun = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"job-{job_id}", daemon=True)

    def start(self) -> None:
        """Begin with heartbeats."""
        self._thread.start()

    def end(self, end: dict[str, Any], agent_stop: StopFlag) -> None:
        """Stop the heartbeats, tell the end of the job, then send what is left of its log.

        Gives up when the backend stays silent, sooner when `agent_stop` is set. Raises
        TokenRefusedError.
        """
        self._over.set()
        self._thread.join()
        final = {**end, "log_final_bytes": self._log.size}
        until = _Patience(agent_stop)
        try:
            self._insist(final, until, with_log=False)
            while self._pending() and self._insist(final, until, with_log=True):
                pass
        except TokenRefusedError:
            raise
        except BackendError as error:
            _logger.warning("job %s: the backend does not take its end: %s", self._job_id, error)
        except UnreachableError as error:
            _logger.warning("job %s: its end could not be told: %s", self._job_id, error)

    def _beat(self) -> None:
        pause = FIRST_SECONDS
        while not self._over.wait(pause):
            pause = self._heartbeat()

    def _heartbeat(self) -> float:
        """Post once; return the seconds until the next one."""
        try:
            reply = self._post({"status": JobStatus.RUNNING}, with_log=True)
        except ClaimLostError:
            self._stop.set(Reason.RUNNER_LOST)
            self._over.set()
            return 0
        except (LogGapError, UnreachableError) as error:
            return self._wait_after(error)
        except BackendError as error:
            _logger.warning("job %s: heartbeat refused: %s", self._job_id, error)
            return self._backoff.next()
        self._backoff.reset()
        if reply.cancel:
            self._stop.set(Reason.CANCELLED)
        return self._pause(reply.interval)

    def _pause(self, interval: float) -> float:
        """Return the seconds until the next heartbeat; none while whole chunks wait."""
        if not self._full and self._log.size - self._ack >= MAX_CHUNK_BYTES:
            return 0
        if time.monotonic() - self._begun < EARLY_SECONDS:
            interval = min(interval, EARLY_INTERVAL)
        return interval * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing

    def _insist(self, body: dict[str, Any], until: "_Patience", *, with_log: bool) -> bool:
        """Post until it is taken. Raises the last error when patience ends."""
        refused = 0
        while True:
            try:
                self._post(body, with_log=with_log)
            except (LogGapError, UnreachableError) as error:
                if until.is_over():
                    raise
                wait = self._wait_after(error)
            except TokenRefusedError:
                refused += 1
                if refused == MAX_REFUSALS:
                    raise
                wait = self._backoff.next()
            else:
                self._backoff.reset()
                return True
            until.wait(wait)

    def _post(self, body: dict[str, Any], *, with_log: bool) -> JobReply:
        posted = {**body, "claim_id": self._claim_id}
        if with_log and self._pending():
            chunk = LogChunk.pack(self._ack, self._log.chunk(self._ack))
            posted["log"] = chunk.model_dump()
        reply = self._client.post_status(self._job_id, posted)
        # A backend that takes nothing of one piece would be sent it for ever.
        is_stuck = "log" in posted and reply.ack <= self._ack
        self._full = self._full or reply.log_full or is_stuck
        self._ack = reply.ack
        return reply

    def _wait_after(self, error: LogGapError | UnreachableError) -> float:
        """Return the seconds until the next try; after a gap it goes on where the backend is."""
        if isinstance(error, UnreachableError):
            return self._backoff.next(error.retry_after)
        # The backend can't be where the log has not come yet.
        self._ack = min(error.ack, self._log.size)
        return self._backoff.next()

    def _pending(self) -> bool:
        return not self._full and self._ack < self._log.size


class _Patience:
    """How long to go on; shorter once the runner itself was asked to stop."""

    def __init__(self, agent_stop: StopFlag) -> None:
        self._agent_stop = agent_stop
        self._begun = time.monotonic()

    def is_over(self) -> bool:
        allowed = STOPPING_END_SECONDS if self._agent_stop.reason else END_SECONDS
        return time.monotonic() - self._begun > allowed

    def wait(self, seconds: float) -> None:
        if self._agent_stop.reason:
            time.sleep(min(seconds, 1.0))
        else:
            self._agent_stop.wait(seconds)
