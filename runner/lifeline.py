"""What the steps of a deployment tell the journal and the backend, and must ask before the switch."""

import time

from deployr.states import Reason
from deployr.wire import Release

from .allowlist import Allow
from .errors import JobFailedError
from .journal import Journal, Switch
from .logstream import JobLog
from .reporter import Reporter
from .stop import StopFlag

ASK_SECONDS = 1.0
"""Pause between two questions to a backend that does not answer before the switch."""

_LOOK_SECONDS = 0.05


class Lifeline:
    """Used by the thread that works."""

    def __init__(self, journal: Journal, reporter: Reporter, log: JobLog, stop: StopFlag) -> None:
        self._journal = journal
        self._reporter = reporter
        self._log = log
        self._stop = stop

    def begin_step(self, name: str) -> None:
        """Note which step is at work."""
        self._journal.begin_step(name)

    def limit(self, seconds: float, started: float) -> None:
        """Give the job `seconds` from monotonic time `started` on."""
        self._stop.limit(seconds, started)
        self._reporter.tell(timeout=seconds)

    def before_switch(self, entry: Allow, release: Release) -> None:
        """Return when the release may go live: the job is still ours, and the journal knows.

        From then on a cancellation or a lost claim is ignored. Raises JobFailedError.
        """
        self._wait_until_fresh()
        self._journal.begin_switch(
            Switch(root=entry.path, release=release, is_account=entry.is_account, host=entry.host)
        )
        if problem := self._journal.problem:
            raise JobFailedError(Reason.INTERNAL, problem)
        self._stop.ignore(Reason.CANCELLED, Reason.RUNNER_LOST)
        self._check()

    def after_switch(self) -> None:
        """Tell the backend that the release is live."""
        self._reporter.tell(activated=True)
        self._reporter.nudge()

    def _wait_until_fresh(self) -> None:
        """Wait until the backend has said lately that the job is still ours.

        While it was silent it may have given the job up, and the next one may be at work.
        """
        self._check()
        if self._reporter.is_fresh:
            return
        self._log.line("waiting for the backend: nothing goes live before it has answered")
        asked = float("-inf")
        while not self._reporter.is_fresh:
            if time.monotonic() - asked > ASK_SECONDS:
                asked = time.monotonic()
                self._reporter.nudge()
            self._stop.wait(_LOOK_SECONDS)
            self._check()
        self._log.line("the backend has answered")

    def _check(self) -> None:
        if self._stop.reason:
            raise JobFailedError(self._stop.reason, self._stop.detail)
