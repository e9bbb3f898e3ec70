"""The loop: poll, claim, hand over to the crew."""

import logging
import random
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from deployr.states import Reason

from .backoff import Backoff
from .client import Candidate, Client, JobReply, Poll
from .config import DEFAULT_STOP_SECONDS, Places
from .crew import Crew
from .delivery import MAX_REFUSALS
from .errors import BackendError, RunnerError, TokenRefusedError, UnreachableError
from .journal import Journals
from .rotation import Renewal
from .state import now
from .stop import Bell, StopFlag
from .systemd import ALIVE_SECONDS, Systemd
from .uplink import Uplink
from .worker import FLUSH_SECONDS

CLAIM_SECONDS = 60.0
"""How long a claim that gets no answer is repeated before other work goes on."""

_LOOK_SECONDS = 0.2
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the owner of the server grants."""

    capacity: int = 1
    """Jobs at once."""
    stop_seconds: float = DEFAULT_STOP_SECONDS
    """How long running jobs may go on once the runner was asked to stop."""


class Agent:
    """Works jobs until it is asked to leave."""

    def __init__(
        self,
        client: Client,
        places: Places,
        stop: StopFlag,
        *,
        leaving: StopFlag | None = None,
        limits: Limits | None = None,
        systemd: Systemd | None = None,
    ) -> None:
        """`stop` ends all work at once; `leaving`, whose parent it is, lets running jobs end."""
        self._client = client
        self._places = places
        self._stop = stop
        self._leaving = leaving or stop
        self._limits = limits or Limits()
        self._systemd = systemd or Systemd()
        self._journals = Journals(places.state / "jobs")
        self._backoff = Backoff()
        self._renewal = Renewal(places)
        self._refusals = 0

    def run(self) -> None:
        """Poll until asked to leave. Raises TokenRefusedError when the token keeps being refused."""
        with self._crew() as crew:
            self._replay(crew)
            self._systemd.ready()
            while not self._leaving.reason and crew.refused is None:
                self._wait(self._turn(crew), crew.bell)
            self._systemd.stopping()
            self._drain(crew)
            if crew.refused is not None:
                raise crew.refused

    def run_once(self) -> None:
        """Work one job if one waits. Raises BackendError, UnreachableError."""
        with self._crew() as crew:
            self._replay(crew)
            poll = self._client.poll()
            crew.notes.keep(last_contact=now())
            self._take(crew, poll.candidates, 1)
            self._drain(crew)
            if crew.refused is not None:
                raise crew.refused

    def _crew(self) -> Crew:
        return Crew(self._client, self._places, self._stop)

    def _replay(self, crew: Crew) -> None:
        for journal in self._journals.found():
            crew.replay(journal)

    def _turn(self, crew: Crew) -> float:
        """Poll and claim; return the seconds until the next poll."""
        free = self._limits.capacity - crew.busy
        try:
            poll = self._client.poll(free)
            crew.cancel(poll.cancel)
            self._take(crew, poll.candidates, free)
        except RunnerError as error:
            self._heed(crew, error)
            return 0
        return self._heard(crew, poll)

    def _heed(self, crew: Crew, error: RunnerError) -> None:
        """Wait after a poll that failed; not even a job that ends makes that shorter."""
        if isinstance(error, TokenRefusedError):
            self._refusals += 1
            if self._refusals >= MAX_REFUSALS:
                crew.refused = error
                return
        else:
            _logger.warning("no work from the backend: %s", error)
        self._wait(self._backoff.next(getattr(error, "retry_after", 0)))

    def _heard(self, crew: Crew, poll: Poll) -> float:
        self._refusals = 0
        self._backoff.reset()
        crew.notes.keep(last_contact=now())
        self._renewal.tend()
        return poll.poll_after * random.uniform(0.9, 1.1)  # noqa: S311 - spreads the polls

    def _take(self, crew: Crew, candidates: Iterable[Candidate], slots: int) -> None:
        """Claim and start up to `slots` of the candidates, in their order."""
        for candidate in candidates:
            if slots <= 0 or self._leaving.reason:
                return
            job_id = candidate.job_id
            # A claim of an earlier try may not be decided yet.
            if not crew.has(job_id) and not self._journals.holds(job_id):
                slots -= self._claim(crew, job_id)

    def _claim(self, crew: Crew, job_id: int) -> bool:
        """Claim and start a job; tell whether it is ours."""
        journal = self._journals.create(job_id, str(uuid.uuid4()))
        uplink = Uplink(self._client, job_id, journal.claim_id, journal.spool)
        try:
            reply = self._insist(uplink)
        except TokenRefusedError:
            crew.replay(journal, unheard=True)
            raise
        except BackendError as error:
            _logger.info("job %s is not ours: %s", job_id, error)
            journal.remove()
            return False
        if reply is None:
            crew.replay(journal, unheard=True)
            return False
        crew.start(journal, uplink, reply)
        return True

    def _insist(self, uplink: Uplink) -> JobReply | None:
        """Post the claim until there is an answer, so that a lost one does not lose the job.

        None when there is none in time. Raises BackendError when the job is not ours.
        """
        until = time.monotonic() + CLAIM_SECONDS
        backoff = Backoff()
        while True:
            try:
                return uplink.claim()
            except UnreachableError as error:
                _logger.warning("job %s: no answer to its claim: %s", uplink.job_id, error)
                self._systemd.alive()
                pause = backoff.next(error.retry_after)
                if time.monotonic() + pause > until or self._leaving.wait(pause):
                    return None

    def _wait(self, seconds: float, bell: Bell | None = None) -> None:
        """Wait until it is time, until asked to leave or until the bell rings."""
        until = time.monotonic() + seconds
        rung = False
        while not rung and not self._leaving.reason and (left := until - time.monotonic()) > 0:
            self._systemd.alive()
            turn = min(left, ALIVE_SECONDS)
            rung = bell.wait(turn, self._leaving) if bell else self._leaving.wait(turn)

    def _drain(self, crew: Crew) -> None:
        """Wait for what is at work; once asked to leave, no longer than the owner allows."""
        begun = time.monotonic()
        while crew.busy:
            since = self._leaving.since or (begun if crew.refused else None)
            if since is not None:
                crew.hurry()
            if since is not None and time.monotonic() - since > self._limits.stop_seconds:
                self._stop.set(Reason.RUNNER_STOPPED)
            self._look(crew)
        crew.hurry()
        until = time.monotonic() + FLUSH_SECONDS
        while not crew.is_idle and time.monotonic() < until:
            self._look(crew)

    def _look(self, crew: Crew) -> None:
        self._systemd.alive()
        crew.bell.wait(_LOOK_SECONDS)
