"""A claim: of several runners exactly one gets a job."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, Update, bindparam, or_, update

from app.config import settings
from app.extensions import db
from app.models import DeploymentJob, Project
from app.services.news import News
from app.services.runner_choice import PINNED
from app.services.transactions import changed
from deployr.sections import DEFAULT_TIMEOUT_SECONDS
from deployr.states import JobStatus

_NOW = bindparam("now", type_=DeploymentJob.updated_at.type)
CLAIM: dict[str, Any] = {
    "status": JobStatus.RUNNING,
    "runner_id": bindparam("by_runner", type_=BigInteger),
    "claim_id": bindparam("claim"),
    "lease_until": bindparam("lease", type_=DeploymentJob.lease_until.type),
    "hard_stop_at": bindparam("stop", type_=DeploymentJob.hard_stop_at.type),
    "started_at": _NOW,
    "updated_at": _NOW,
    "version": DeploymentJob.version + 1,
}
"""What a claim writes; `parameters` has the values."""


def _update() -> Update:
    job = DeploymentJob
    queued = (job.status == JobStatus.QUEUED, job.expires_at > _NOW)
    unpinned = job.target_runner_id.is_(None)
    return (
        update(job)
        .where(job.id == bindparam("job"), *queued, or_(PINNED, unpinned))
        .values(CLAIM)
        .execution_options(synchronize_session=False)
    )


_TAKE = _update()  # built once: that takes longer than to execute it


def take(news: News, now: datetime) -> bool:
    """Compare and swap; return False when the job can't be had.

    The caller's transaction must not commit unless `may_take` agrees: to ask it first would take
    one round trip more.
    """
    return changed(db.session.execute(_TAKE, parameters(news, now)))


def parameters(news: News, now: datetime) -> dict[str, Any]:
    """Return the values that a claim of `news` writes and depends on."""
    return {
        "by_runner": news.runner.id,
        "job": news.job_id,
        "claim": news.claim_id,
        "now": now,
        "lease": lease_end(news, now),
        "stop": hard_stop(now, DEFAULT_TIMEOUT_SECONDS),
    }


def make_home(news: News, row: Row[Any]) -> None:
    """Send all further jobs of a project to the runner that took its first one."""
    if row.home_id is None and row.runs_on is None:
        db.session.execute(
            update(Project)
            .where(Project.id == row.project_id, Project.runner_id.is_(None))
            .values(runner_id=news.runner.id)
        )


def lease_end(news: News, now: datetime) -> datetime | None:
    """Return until when a claim holds without another sign of life.

    A client that makes no claim id sends no heartbeats either: only the hard stop is for it.
    """
    if news.post.claim_id is None:
        return None
    return now + timedelta(seconds=settings().lease_seconds)


def hard_stop(started: datetime, timeout: float) -> datetime:
    """Return when a job is ended here, whatever its runner says."""
    return started + timedelta(seconds=timeout + settings().overtime_seconds)
