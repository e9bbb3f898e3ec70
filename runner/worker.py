"""One claimed job: run it, keep its end, bring that to the backend."""

import logging
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
    """Delivers ends until the runner has to go."""

    def __init__(self, leaving: StopFlag) -> None:
        """`leaving` is set when the runner has to go."""
        self._leaving = leaving

    def deliver(self, journal: Journal, delivery: Delivery, on_slow: Callable[[], None]) -> None:
        """Bring the end to the backend, then forget the job.

        `on_slow` is called as soon as it turns out to take long. Raises TokenRefusedError.
        """
        begun = time.monotonic()

        def is_slow() -> bool:
            return time.monotonic() - begun > SLOT_SECONDS or must_go()

        def must_go() -> bool:
            since = self._leaving.since
            return since is not None and time.monotonic() - max(since, begun) > FLUSH_SECONDS

        if not (done := delivery.run(is_slow, self._wait)):
            on_slow()
            done = delivery.run(must_go, self._wait)
        if done:
            journal.remove()
        else:
            _logger.warning("job %s: its end is told at the next start", journal.job_id)
            journal.close()

    def _wait(self, seconds: float) -> None:
        if self._leaving.reason:
            time.sleep(min(seconds, 1.0))
        else:
            self._leaving.wait(seconds)


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
