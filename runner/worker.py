"""One claimed job: run it, keep its end, bring that to the backend."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from deployr.states import Reason

from .config import Places
from .delivery import Delivery
from .job import Job, Outcome
from .journal import Journal
from .reporter import Reporter
from .stop import StopFlag
from .uplink import Uplink

SLOT_SECONDS = 60.0
"""How long a job that has ended keeps its slot while the backend does not take its end."""

FLUSH_SECONDS = 30.0
"""How long a runner that has to go tries to tell the end; the next start goes on."""

_logger = logging.getLogger(__name__)


class Courier:
    """Delivers ends, each in the thread of its job, until the runner has to go."""

    def __init__(self) -> None:
        self._hurry = threading.Event()
        self._since = 0.0

    def hurry(self) -> None:
        """Say that the runner has to go: what can't be told soon is left for the next start."""
        if not self._hurry.is_set():
            self._since = time.monotonic()
            self._hurry.set()

    def deliver(self, journal: Journal, delivery: Delivery, on_slow: Callable[[], None]) -> None:
        """Bring the end to the backend, then forget the job.

        `on_slow` is called as soon as it turns out to take long. Raises TokenRefusedError.
        """
        begun = time.monotonic()

        def must_go() -> bool:
            waited = time.monotonic() - max(self._since, begun)
            return self._hurry.is_set() and waited > FLUSH_SECONDS

        def is_slow() -> bool:
            return time.monotonic() - begun > SLOT_SECONDS or must_go()

        if not (done := delivery.run(is_slow, self._wait)):
            on_slow()
            done = delivery.run(must_go, self._wait)
        if done:
            journal.remove()
        else:
            _logger.warning("job %s: its end is told at the next start", journal.job_id)
            journal.close()

    def _wait(self, seconds: float) -> None:
        if self._hurry.is_set():
            time.sleep(min(seconds, 1.0))
        else:
            self._hurry.wait(seconds)


def work(
    journal: Journal, uplink: Uplink, places: Places, stop: StopFlag, payload: str | None
) -> tuple[Outcome, dict[str, Any]]:
    """Run the job to its end; return how it ended, and the body of the post that says so."""
    spool = journal.spool
    spool.on_problem = lambda problem: stop.set(Reason.INTERNAL, problem)
    reporter = Reporter(uplink, stop)
    reporter.start()
    try:
        outcome = Job(journal, reporter, places, stop).run(payload)
    finally:
        reporter.end()
    spool.finish()
    body = {**outcome.end(), "log_final_bytes": spool.size}
    journal.write_end(body)
    return outcome, body
