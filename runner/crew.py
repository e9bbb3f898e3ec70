"""The threads of an agent: jobs at work, and ends on their way to the backend."""

import logging
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any, Self

from deployr.states import Reason

from .client import Client, JobReply
from .config import Places
from .delivery import Delivery
from .errors import TokenRefusedError
from .job import Outcome
from .journal import Journal
from .replay import replay
from .state import Notes, now
from .stop import Bell, StopFlag
from .uplink import Uplink
from .worker import Courier, work

_logger = logging.getLogger(__name__)


class Crew:
    """Starts a thread a job; `bell` rings when a job gives its slot back."""

    def __init__(self, client: Client, places: Places, stop: StopFlag) -> None:
        """`stop` ends all jobs."""
        self.bell = Bell()
        self.notes = Notes(places)
        self.refused: TokenRefusedError | None = None
        """The backend's last word to this token, when it keeps refusing it."""
        self._client = client
        self._places = places
        self._stop = stop
        self._courier = Courier()
        self.hurry = self._courier.hurry
        self._lock = threading.Lock()
        self._slots: set[int] = set()
        self._flags: dict[int, StopFlag] = {}
        self._threads: set[threading.Thread] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bell.close()

    @property
    def busy(self) -> int:
        """How many slots are taken."""
        return len(self._slots)

    @property
    def is_idle(self) -> bool:
        """Whether no thread is left."""
        return not self._threads

    def has(self, job_id: int) -> bool:
        """Tell whether the job has a slot."""
        return job_id in self._slots

    def cancel(self, job_ids: Iterable[int]) -> None:
        """Stop those of these jobs that are at work here."""
        with self._lock:
            for stop in filter(None, map(self._flags.get, job_ids)):
                stop.set(Reason.CANCELLED)

    def start(self, journal: Journal, uplink: Uplink, reply: JobReply) -> None:
        """Work a claimed job, in a slot."""
        stop = StopFlag(parent=self._stop)
        with self._lock:
            self._slots.add(journal.job_id)
            self._flags[journal.job_id] = stop
        _logger.info("job %s begins", journal.job_id)
        self._spawn(journal, lambda: self._work(journal, uplink, stop, reply.payload))

    def replay(self, journal: Journal, *, unheard: bool = False) -> None:
        """End a job that is left over; see `replay.replay`."""

        def resolve() -> None:
            end = replay(journal, self._places, unheard=unheard)
            _logger.info("job %s: left over, ends as %s", journal.job_id, end["status"])
            uplink = Uplink(self._client, journal.job_id, journal.claim_id, journal.spool)
            self._deliver(journal, uplink, end)

        self._spawn(journal, resolve)

    def _spawn(self, journal: Journal, task: Callable[[], None]) -> None:
        def run() -> None:
            try:
                task()
            except TokenRefusedError as error:
                self.refused = error
                journal.close()
            except Exception as error:  # noqa: BLE001 - the agent must go on
                # A bug: the journal stays, and the next start tells of it.
                _tell_of_bug(journal.job_id, error)
            finally:
                self._release(journal.job_id)
                self._threads.discard(threading.current_thread())
                self.bell.ring()

        # As a daemon: a runner that must go does not wait for an answer of the network.
        thread = threading.Thread(target=run, name=f"job-{journal.job_id}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self, journal: Journal, uplink: Uplink, stop: StopFlag, payload: str | None) -> None:
        with stop:
            try:
                outcome, end = work(journal, uplink, self._places, stop, payload)
            finally:
                with self._lock:  # nobody may set it once it is closed
                    del self._flags[journal.job_id]
        _logger.info("job %s: %s", journal.job_id, outcome.reason or outcome.status)
        self._deliver(journal, uplink, end)
        self.notes.keep(last_job=_summary(journal.job_id, outcome))

    def _deliver(self, journal: Journal, uplink: Uplink, end: dict[str, Any]) -> None:
        self._courier.deliver(
            journal, Delivery(uplink, end), on_slow=lambda: self._release(journal.job_id)
        )

    def _release(self, job_id: int) -> None:
        self._slots.discard(job_id)
        self.bell.ring()


def _tell_of_bug(job_id: int, error: Exception) -> None:
    """Log where it happened, but not the error's own words: they may quote the job's secrets."""
    where = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error).__name__
    _logger.error("job %s: given up till the next start: %s\n%s", job_id, kind, where)


def _summary(job_id: int, outcome: Outcome) -> dict[str, object]:
    reason = outcome.reason
    return {"id": job_id, "status": outcome.status, "reason": reason, "ended_at": now()}
