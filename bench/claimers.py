"""A claimer of `bench.claims`: the service as it is, and its peer on SKIP LOCKED."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from flask import Flask
from sqlalchemy import bindparam, update
from sqlalchemy.exc import OperationalError

from app.errors import Conflict
from app.extensions import db
from app.models import DeploymentJob
from app.schemas.status import StatusPost
from app.services import claims, polling, taking
from app.services.identity import RunnerActor, runner_by_token
from app.services.news import News
from app.services.runner_choice import OWN, SHARED, claimer
from app.services.standing import Standing, standing
from app.services.transactions import transaction
from app.services.worklist import oldest
from deployr.states import JobStatus

SECONDS = 0.3
"""Length of a race."""


@dataclass(kw_only=True)
class Haul:
    """What one claimer claimed in one round."""

    claimed: dict[int, str] = field(default_factory=dict)
    """Job ids and the claims that they were confirmed to."""
    missed: int = 0
    start: float = 0
    end: float = 0


def work(app: Flask, token: str, pipe: Connection, gate: Barrier) -> None:
    """Be a claimer: a round for each method that comes through the pipe."""
    with app.app_context():
        runner_by_token(token)
        runner = runner_by_token(token)  # no longer the first time, which is the one for chores
    while name := pipe.recv():
        gate.wait()
        haul = Haul(start=time.monotonic())
        while attempt(METHODS[name], app, runner, haul) and time.monotonic() < haul.start + SECONDS:
            pass
        haul.end = time.monotonic()
        pipe.send(haul)


def attempt(
    method: Callable[[Flask, RunnerActor, Haul], bool], app: Flask, runner: RunnerActor, haul: Haul
) -> bool:
    """Claim by a method; tell whether there may be more to claim."""
    try:
        return method(app, runner, haul)
    except OperationalError:  # a cluster that refused the transaction each time it was run again
        haul.missed += 1
        return True


def claim_as_service(app: Flask, runner: RunnerActor, haul: Haul) -> bool:
    """Poll and claim the first candidate that can be had; tell whether there were any."""
    with app.app_context():
        candidates = polling.poll(runner, 1).candidates
    for candidate in candidates:
        news = first_news(runner, candidate.job_id)
        try:
            with app.app_context():
                claims.post_status(news)
        except Conflict:
            haul.missed += 1
        else:
            note(haul, news)
            break
    return bool(candidates)


def claim_skip_locked(app: Flask, runner: RunnerActor, haul: Haul) -> bool:
    """Poll and claim as the peer does; tell whether there was a job."""
    with app.app_context():
        polling.poll(runner, 0)
    with app.app_context():
        found = take_unlocked(runner)
    if found is not None:
        note(haul, found[0])
    return found is not None


METHODS: dict[str, Callable[[Flask, RunnerActor, Haul], bool]] = {
    "service": claim_as_service,
    "skip_locked": claim_skip_locked,
}

# The service's own query, but for jobs of a single runner, so that it reads the index in its order
# and locks no more than one job.
UNLOCKED = oldest(OWN, SHARED, most=1).with_for_update(skip_locked=True)
CLAIM = (
    update(DeploymentJob)
    .where(DeploymentJob.id == bindparam("job"))
    .values(taking.CLAIM)
    .execution_options(synchronize_session=False)
)


@transaction
def take_unlocked(runner: RunnerActor) -> tuple[News, Standing] | None:
    """Claim the oldest job that nobody has locked, as the service does but for the query."""
    now = datetime.now(UTC)
    candidate = db.session.execute(UNLOCKED, {**claimer(runner), "now": now}).first()
    if candidate is None:
        return None
    news = first_news(runner, candidate.job_id)
    db.session.execute(CLAIM, taking.parameters(news, now))
    row = claims._find(news)  # noqa: SLF001 - the rest is the same service
    taking.make_home(news, row)
    return news, standing(row, now)


def first_news(runner: RunnerActor, job_id: int) -> News:
    """Return what a runner posts to claim a job."""
    post = StatusPost(status=JobStatus.RUNNING, claim_id=str(uuid.uuid4()))
    return News.unpack(runner, job_id, post)


def note(haul: Haul, news: News) -> None:
    """Keep a confirmed claim."""
    haul.claimed[news.job_id] = news.claim_id
