"""One mark for everything that ends work early: signals, cancellation, a lost claim, time."""

import os
import select
import time
from types import TracebackType
from typing import Self

from deployr.states import Reason

_DETAILS = {
    Reason.CANCELLED: "cancelled by a user",
    Reason.RUNNER_STOPPED: "the runner was stopped while it worked; push again when it is back",
    Reason.RUNNER_LOST: "the backend gave the job up",
}


class StopFlag:
    """Set by signal handlers and threads, waited on by the thread that works.

    Signal handlers must not take locks, so the flag is an attribute and a pipe. A job's flag has
    the agent's as `parent`: stopping the agent stops the job.
    """

    def __init__(self, parent: "StopFlag | None" = None) -> None:
        self._reason: Reason | None = None
        self._parent = parent
        self._deadline = float("inf")
        self._allowed = 0.0
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        os.close(self._reader)
        os.close(self._writer)

    def set(self, reason: Reason) -> None:
        """Ask for a stop; the first reason counts."""
        if self._reason is None:
            self._reason = reason
            os.write(self._writer, b"!")

    def limit(self, seconds: float, started: float) -> None:
        """Stop with reason `timeout` when `seconds` have passed since monotonic time `started`."""
        self._allowed = seconds
        self._deadline = started + seconds

    @property
    def reason(self) -> Reason | None:
        """Why to stop, or None to go on."""
        inherited = self._parent.reason if self._parent else None
        if found := self._reason or inherited:
            return found
        return Reason.TIMEOUT if time.monotonic() >= self._deadline else None

    @property
    def detail(self) -> str:
        """The reason as a sentence for people."""
        late = f"took longer than deploy.timeout allows ({self._allowed:g} s)"
        return _DETAILS.get(self.reason or Reason.TIMEOUT, late)

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds` or until a stop is asked for; tell whether it is."""
        end = min(time.monotonic() + seconds, self._deadline)
        select.select(self.fds(), [], [], max(0.0, end - time.monotonic()))
        return self.reason is not None

    def fds(self) -> list[int]:
        """Return the file descriptors that become readable when a stop is asked for."""
        return [self._reader, *(self._parent.fds() if self._parent else [])]
