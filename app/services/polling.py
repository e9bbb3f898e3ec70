"""What a polling runner is told: read-only, but for chores now and then."""

import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from app.clock import utcnow
from app.config import settings
from app.extensions import db
from app.models import DeploymentJob, Project
from app.services import queue
from app.services.identity import RunnerActor
from app.services.runner_choice import claimable_by
from app.services.runners import count_online
from deployr.states import JobStatus

_MAX_CANDIDATES = 5
_MIN_PAUSE, _MAX_PAUSE = 1, 30


@dataclass(frozen=True, kw_only=True)
class Work:
    """Jobs that the runner may claim, as rows of job id and project, and those to cancel."""

    candidates: list[Row[Any]]
    cancel: list[int]
    poll_after: float


def poll(runner: RunnerActor, slots: int) -> Work:
    """Return work for `runner`, which can take `slots` jobs more."""
    if runner.stamped:
        queue.mend(runner.user_id)
    return Work(
        candidates=_candidates(runner) if slots else [],
        cancel=_to_cancel(runner),
        poll_after=poll_after(),
    )


def poll_after() -> float:
    """Return after how many seconds a runner should poll again.

    The more of them are online, the longer, so that all together keep the budget.
    """
    pause = min(max(count_online() / settings().poll_budget, _MIN_PAUSE), _MAX_PAUSE)
    return round(pause * random.uniform(1, 1.2), 2)  # noqa: S311 - spreads the polls


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
