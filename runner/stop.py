"""One mark for everything that ends work early: signals, cancellation, a lost claim, time."""

import os
import select
import threading
import time
from contextlib import suppress
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

    A signal handler must not wait for the thread that it interrupts, so the lock may be taken
    again, and who waits looks at a pipe. A job's flag has the agent's as `parent`: stopping the
    agent stops the job.
    """

    def __init__(self, parent: "StopFlag | None" = None) -> None:
        self._reason: Reason | None = None
        self._detail = ""
        self._since: float | None = None
        self._ignored: frozenset[Reason] = frozenset()
        self._lock = threading.RLock()
        self._parent = parent
        self._deadline = float("inf")
        self._late = ""
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

    def set(self, reason: Reason, detail: str = "") -> None:
        """Ask for a stop; the first reason counts."""
        with self._lock:
            if self._reason is None and reason not in self._ignored:
                self._reason, self._detail = reason, detail
                self._since = time.monotonic()
                os.write(self._writer, b"!")

    def ignore(self, *reasons: Reason) -> None:
        """Take no more notice of these reasons; one that was set before still counts."""
        with self._lock:
            self._ignored |= set(reasons)

    def limit(self, seconds: float, started: float, late: str = "") -> None:
        """Stop with reason `timeout` when `seconds` have passed since monotonic time `started`.

        `late` is the sentence for people; by default it names deploy.timeout.
        """
        self._late = late or f"took longer than deploy.timeout allows ({seconds:g} s)"
        self._deadline = started + seconds

    @property
    def reason(self) -> Reason | None:
        """Why to stop, or None to go on."""
        inherited = self._parent.reason if self._parent else None
        if found := self._reason or inherited:
            return found
        return Reason.TIMEOUT if time.monotonic() >= self._deadline else None

    @property
    def since(self) -> float | None:
        """Monotonic time of the wish to stop, or None."""
        inherited = self._parent.since if self._parent else None
        return self._since if inherited is None else inherited

    @property
    def detail(self) -> str:
        """The reason as a sentence for people."""
        if self._detail:
            return self._detail
        if self._parent and self._parent.reason:
            return self._parent.detail
        return _DETAILS.get(self.reason or Reason.TIMEOUT, self._late)

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds` or until a stop is asked for; tell whether it is."""
        end = min(time.monotonic() + seconds, self._deadline)
        select.select(self.fds(), [], [], max(0.0, end - time.monotonic()))
        return self.reason is not None

    def fds(self) -> list[int]:
        """Return the file descriptors that become readable when a stop is asked for."""
        return [self._reader, *(self._parent.fds() if self._parent else [])]


class Bell:
    """Rung by any thread, waited on by one, which waits for a stop at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader, self._writer = os.pipe()
        self._is_closed = False
        for end in (self._reader, self._writer):
            os.set_blocking(end, False)

    def ring(self) -> None:
        """Wake the thread that waits, or that will wait next."""
        with self._lock:
            if not self._is_closed:
                with suppress(BlockingIOError):  # it has been rung often enough
                    os.write(self._writer, b"!")

    def wait(self, seconds: float, *stops: StopFlag) -> bool:
        """Sleep until it is rung, at most `seconds`, or until a stop is asked for.

        Tells whether it was rung.
        """
        fds = [fd for stop in stops for fd in stop.fds()]
        ready, _, _ = select.select([self._reader, *fds], [], [], max(0.0, seconds))
        if self._reader not in ready:
            return False
        with suppress(BlockingIOError):
            os.read(self._reader, 4096)
        return True

    def close(self) -> None:
        """Let go of the pipe; ringing it does nothing any more."""
        with self._lock:
            self._is_closed = True
            os.close(self._reader)
            os.close(self._writer)
