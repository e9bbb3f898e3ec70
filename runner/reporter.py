"""Heartbeats: tells the backend how a running job goes. An outage never touches the job."""

import logging
import random
import threading
import time
from typing import Any

from deployr.states import JobStatus, Reason

from .backoff import Backoff
from .client import JobReply
from .errors import BackendError, ClaimLostError, LogGapError, UnreachableError
from .stop import StopFlag
from .uplink import Uplink

FIRST_SECONDS = 0.3
"""From the claim to the first post: whoever has just pushed is waiting."""

EARLY_SECONDS = 10.0
EARLY_INTERVAL = 2.0
"""The backend learns only by and by that somebody follows a new job: be quick at first."""

_logger = logging.getLogger(__name__)


class Reporter:
    """Posts in a thread of its own while the job runs; sets `stop` when the job is not ours."""

    def __init__(self, uplink: Uplink, stop: StopFlag) -> None:
        self._uplink = uplink
        self._stop = stop
        self._facts: dict[str, Any] = {}
        self._backoff = Backoff()
        self._begun = time.monotonic()
        self._not_before = 0.0
        self._wake = threading.Event()
        self._over = False
        name = f"job-{uplink.job_id}-heartbeat"
        self._thread = threading.Thread(target=self._beat, name=name, daemon=True)

    def start(self) -> None:
        """Begin with heartbeats."""
        self._thread.start()

    def end(self) -> None:
        """Stop the heartbeats, after the one that is under way."""
        self._over = True
        self._wake.set()
        self._thread.join()

    def tell(self, **facts: Any) -> None:  # noqa: ANN401 - fields of the post
        """Say this with every heartbeat from now on: a lost answer costs nothing."""
        self._facts = {**self._facts, **facts}

    def nudge(self) -> None:
        """Post at once, unless the backend has asked for a pause."""
        self._wake.set()

    @property
    def is_fresh(self) -> bool:
        """Whether the backend has said a short while ago that the job is this runner's."""
        return self._uplink.is_fresh

    def _beat(self) -> None:
        pause = FIRST_SECONDS
        while not self._over:
            self._wait(pause)
            if not self._over:
                pause = self._heartbeat()

    def _wait(self, pause: float) -> None:
        self._wake.wait(pause)
        self._wake.clear()
        while not self._over and (held := self._not_before - time.monotonic()) > 0:
            self._wake.wait(held)
            self._wake.clear()

    def _heartbeat(self) -> float:
        """Post once; return the seconds until the next one."""
        try:
            reply = self._uplink.post({"status": JobStatus.RUNNING, **self._facts})
        except ClaimLostError:
            return self._lose()
        except UnreachableError as error:
            self._not_before = time.monotonic() + error.retry_after
            return self._backoff.next(error.retry_after)
        except LogGapError:
            return self._backoff.next()
        except BackendError as error:
            _logger.warning("job %s: heartbeat refused: %s", self._uplink.job_id, error)
            return self._backoff.next()
        self._backoff.reset()
        return self._heed(reply)

    def _heed(self, reply: JobReply) -> float:
        if reply.status != JobStatus.RUNNING:
            return self._lose()
        if reply.cancel:
            self._stop.set(Reason.CANCELLED)
        return self._pause(reply.interval)

    def _lose(self) -> float:
        self._stop.set(Reason.RUNNER_LOST)
        self._over = True
        return 0

    def _pause(self, interval: float) -> float:
        """Return the seconds until the next heartbeat; none while whole chunks wait."""
        if self._uplink.is_behind:
            return 0
        if time.monotonic() - self._begun < EARLY_SECONDS:
            interval = min(interval, EARLY_INTERVAL)
        return interval * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing
