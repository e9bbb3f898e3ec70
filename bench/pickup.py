"""How long a job waits until a runner has claimed it, and how often runners poll.

`python -m bench.pickup`: 1, 20 and 100 runners poll a backend with default settings over HTTP, each
in its own thread and pausing as the real one does. Each is the home of one project; jobs are posted
at random moments, and the clock runs from before `POST /api/jobs` to the answer to the claim. The
floor is what polling costs in any case: the mean wait for the next poll, from the pauses that the
runners made in the same run. Polls are counted while there is no work, as most of the time.
"""

import random
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from bench.backend import BenchBackend
from bench.databases import durable_mariadb
from bench.figures import ROUNDS, tell_at_most
from deployr.states import JobStatus
from runner.client import Client
from tests.factories import make_project, make_runner

BATCHES = {1: 6 * ROUNDS, 20: ROUNDS, 100: 1}
"""How often a job is posted for each of so many runners."""
SECONDS = {1: 1.0, 20: 1.5}
"""What the median may be."""
FLOOR_TARGET = 1.25
POLL_BUDGET = 10.0
IDLE_SECONDS = 12.0


class PolledBackend(BenchBackend):
    """A backend that counts the polls that reach it."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url)
        self.polls = 0
        inner = self.app.wsgi_app

        def count(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            self.polls += environ["PATH_INFO"] == "/api/runner/jobs"
            return inner(environ, start)

        self.app.wsgi_app = count  # type: ignore[assignment, method-assign]


class PollingRunner(threading.Thread):
    """Polls, claims and finishes at once, as often as the backend asks it to."""

    def __init__(self, backend: PolledBackend, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        me = make_runner(backend.owner)
        self.project = make_project(backend.owner, runner_id=me.id)["id"]
        self._client = Client(backend.url, me.token or "")
        self._leaving = stop
        self._pause = 0.0
        self.claimed: dict[int, float] = {}
        self.pauses: list[float] = []

    def join_in(self) -> float:
        """Poll once, so that the backend knows of this runner; return the pause it asks for."""
        self._pause = self._client.poll().poll_after
        return self._pause

    def run(self) -> None:
        """Poll until asked to leave, from a random moment on."""
        pause = random.uniform(0, self._pause)
        while not self._leaving.wait(pause):
            poll = self._client.poll()
            for candidate in poll.candidates[:1]:
                self._work(candidate.job_id)
            # Whoever has ended a job polls at once.
            pause = 0 if poll.candidates else poll.poll_after * random.uniform(0.9, 1.1)
            self.pauses.append(pause)

    def _work(self, job_id: int) -> None:
        claim = {"claim_id": str(uuid.uuid4())}
        self._client.post_status(job_id, {"status": JobStatus.RUNNING, **claim})
        self.claimed[job_id] = time.monotonic()
        end = {"status": JobStatus.COMPLETED, "log_final_bytes": 0}
        self._client.post_status(job_id, {**end, **claim})


def main() -> None:
    """Measure each number of runners on a backend of its own."""
    for number in BATCHES:
        with durable_mariadb() as url, PolledBackend(url) as backend:
            measure(backend, number)


def measure(backend: PolledBackend, number: int) -> None:
    """Let so many runners poll, post jobs for them and print the figures."""
    stop = threading.Event()
    runners = [PollingRunner(backend, stop) for _ in range(number)]
    for runner in runners:
        runner.join_in()
    pause = max(runner.join_in() for runner in runners)  # now that all are online
    for runner in runners:
        runner.start()
    idle = polls_a_second(backend, lambda: time.sleep(max(IDLE_SECONDS, pause)))
    waits: list[float] = []
    busy = polls_a_second(
        backend,
        lambda: waits.extend(
            wait for _ in range(BATCHES[number]) for wait in post_batch(backend, runners, pause)
        ),
    )
    stop.set()
    for runner in runners:
        runner.join()
    pauses = [pause for runner in runners for pause in runner.pauses]
    tell(number, waits, pauses, (idle, busy))


def post_batch(
    backend: PolledBackend, runners: list[PollingRunner], span: float
) -> Iterable[float]:
    """Post one job for each runner within `span` seconds; return how long each one waited."""
    begun = time.monotonic()
    moments = sorted(random.uniform(0, span) for _ in runners)
    posted: dict[int, tuple[PollingRunner, float]] = {}
    for moment, runner in zip(moments, random.sample(runners, len(runners)), strict=True):
        time.sleep(max(0, begun + moment - time.monotonic()))
        start = time.monotonic()
        answer = backend.ask("POST", "/api/jobs", {"project_id": runner.project})
        posted[answer.json()["id"]] = (runner, start)
    while not all(job in runner.claimed for job, (runner, _) in posted.items()):
        time.sleep(0.02)
    return [runner.claimed[job] - start for job, (runner, start) in posted.items()]


def polls_a_second(backend: PolledBackend, act: Callable[[], object]) -> float:
    """Return how many polls a second the backend got during `act()`."""
    polls, start = backend.polls, time.monotonic()
    act()
    return (backend.polls - polls) / (time.monotonic() - start)


def tell(number: int, waits: list[float], pauses: list[float], rates: tuple[float, float]) -> None:
    """Print the figures of so many runners."""
    median, mean = statistics.median(waits), statistics.mean(waits)
    # The longer a pause, the more likely a job falls into it.
    floor = sum(pause * pause for pause in pauses) / sum(pauses) / 2
    idle, busy = rates
    print(f"{number} runners, {len(waits)} jobs: claimed after {median:.2f} s (median;")
    print(f"  mean {mean:.2f} s, at most {max(waits):.2f} s); mean wait for a poll {floor:.2f} s;")
    print(f"  {idle:.1f} polls/s idle, {busy:.1f} with {len(waits)} jobs in between")
    if number in SECONDS:
        tell_at_most(f"pickup-seconds-{number}", median / SECONDS[number], 1)
    tell_at_most(f"pickup-floor-{number}", mean / floor, FLOOR_TARGET)
    tell_at_most(f"polls-{number}", idle / POLL_BUDGET, 1)


if __name__ == "__main__":
    main()
