"""What a polling runner is told: read-only, but for chores now and then."""

import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from app.clock import utcnow
from app.config import settings
from app.extensions import db
from app.models import DeploymentJob, Project
from app.services import chores
from app.services.identity import RunnerActor
from app.services.runner_choice import claimable_by
from app.services.runners import count_online
from deployr.states import JobStatus

_MAX_CANDIDATES = 5


@dataclass(frozen=True, kw_only=True)
class Work:
    """Jobs that the runner may claim, as rows of job id and project, and those to cancel."""

    candidates: list[Row[Any]]
    cancel: list[int]
    poll_after: float


def poll(runner: RunnerActor, slots: int) -> Work:
    """Return work for `runner`, which can take `slots` jobs more."""
    if runner.stamped:
        chores.tend(runner.user_id)
    return Work(
        candidates=_candidates(runner) if slots else [],
        cancel=_to_cancel(runner),
        poll_after=poll_after(),
    )


def poll_after() -> float:
    """Return after how many seconds a runner should poll again.

    The more of them are online, the longer, so that all together keep the budget; but never so
    long that a job waits for ever.
    """
    limits = settings()
    wanted = count_online() / limits.poll_budget
    pause = min(max(wanted, limits.poll_min_seconds), limits.poll_max_seconds)
    return round(pause * random.uniform(1, 1.2), 2)  # noqa: S311 - spreads the polls


def over_budget() -> str | None:
    """Say so when there are more runners than the budget allows at the longest pause."""
    limits, online = settings(), count_online()
    most = int(limits.poll_budget * limits.poll_max_seconds)
    if online <= most:
        return None
    return (
        f"{online} runners are online; with {limits.poll_budget:g} polls a second and at most "
        f"{limits.poll_max_seconds:g} s between polls there is room for {most}. "
        "Raise DEPLOYR_POLL_BUDGET if the host can take it."
    )


def _candidates(runner: RunnerActor) -> list[Row[Any]]:
    job = DeploymentJob
    project = (Project.id, Project.name, Project.repo_url, Project.framework, Project.target)
    query = (
        select(job.id.label("job_id"), job.branch, *project)
        .join_from(job, Project, Project.id == job.project_id)
        .where(
            Project.user_id == runner.user_id,
            job.status == JobStatus.QUEUED,
            job.expires_at > utcnow(),
            claimable_by(runner),
        )
        .order_by(job.created_at, job.id)
        .limit(_MAX_CANDIDATES)
    )
    return list(db.session.execute(query))


def _to_cancel(runner: RunnerActor) -> list[int]:
    job = DeploymentJob
    query = select(job.id).where(
        job.runner_id == runner.id,
        job.status == JobStatus.RUNNING,
        job.cancel_requested_at.is_not(None),
    )
    return list(db.session.scalars(query))
