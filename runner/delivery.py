"""Brings the end of a job and the rest of its log to the backend, however long that takes."""

import logging
import time
from collections.abc import Callable
from typing import Any

from deployr.states import JobStatus

from .backoff import Backoff
from .errors import (
    BackendError,
    ClaimLostError,
    LogGapError,
    TokenRefusedError,
    UnreachableError,
)
from .uplink import Uplink

MAX_REFUSALS = 3
"""401s in a row after which the token is taken for revoked."""

LATE_SECONDS = 3600.0
"""How long after its end the backend takes what is missing of a log."""

Wait = Callable[[float], object]

_logger = logging.getLogger(__name__)


class Delivery:
    """One end that is to be told. A refusal of the backend is an answer too: then it is over."""

    def __init__(self, uplink: Uplink, end: dict[str, Any]) -> None:
        self._uplink = uplink
        self._body = end
        self._is_told = False
        self._log_until = float("inf")
        self._backoff = Backoff()
        self._refusals = 0

    def run(self, is_over: Callable[[], bool], wait: Wait) -> bool:
        """Post until the backend has it all, or `is_over` before the next try.

        Tells whether nothing is left to do. Raises TokenRefusedError.
        """
        while (pause := self._turn()) is not None:
            if is_over():
                return False
            wait(pause)
        return True

    def _turn(self) -> float | None:
        """Post once; return the seconds until the next post, or None when it is done."""
        try:
            # The end never waits for its log.
            self._uplink.post(self._body, with_log=self._is_told)
        except ClaimLostError as error:
            return self._lose(error)
        except (LogGapError, UnreachableError) as error:
            return self._backoff.next(getattr(error, "retry_after", 0))
        except TokenRefusedError:
            self._refusals += 1
            if self._refusals >= MAX_REFUSALS:
                raise
            return self._backoff.next()
        except BackendError as error:
            self._give_up(error)
            return None
        self._backoff.reset()
        self._refusals = 0
        return self._next()

    def _next(self) -> float | None:
        if not self._is_told:
            self._is_told = True
            self._log_until = time.monotonic() + LATE_SECONDS
        is_late = time.monotonic() > self._log_until
        return 0 if self._uplink.is_pending and not is_late else None

    def _lose(self, error: ClaimLostError) -> float | None:
        """The job was given up; what was said of it is kept, and its log is still taken."""
        if self._is_told:
            self._give_up(error)
            return None
        _logger.info("job %s: %s", self._uplink.job_id, error)
        self._body = {"status": JobStatus.RUNNING}
        return self._next()

    def _give_up(self, error: BackendError) -> None:
        job_id = self._uplink.job_id
        _logger.warning("job %s: the backend does not take its end: %s", job_id, error)
