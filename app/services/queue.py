"""The order of jobs: one queued or running job a project and environment, first in first out."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, exists, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from app.clock import utcnow
from app.config import settings
from app.extensions import db
from app.models import DeploymentJob, Project
from app.services.policy import visible_to
from app.services.transactions import changed, transaction
from deployr.states import Action, JobStatus, Reason

WAITING = (JobStatus.PENDING, JobStatus.QUEUED)
UNFINISHED = (*WAITING, JobStatus.RUNNING)

BITE = 20
"""Rows that a request mends at most for others."""


def slot_of(project_id: int, environment: str) -> str:
    """Return the unique key that a queued or running job holds."""
    return f"{project_id}:{environment}"


def ttl() -> timedelta:
    """Return how long a job may wait for a runner."""
    return timedelta(seconds=settings().queue_ttl_seconds)


def is_late(row: Row[Any], now: datetime) -> bool:
    """Tell whether a job has waited for too long."""
    return row.status in WAITING and row.expires_at <= now


def promote(project_id: int, environment: str) -> None:
    """Queue the oldest pending job if no other one is queued or running, and every plan."""
    # Who loses the race for the slot has nothing left to do.
    with suppress(IntegrityError):
        _promote(project_id, environment)


@transaction
def _promote(project_id: int, environment: str) -> None:
    job = DeploymentJob
    slot = slot_of(project_id, environment)
    pending = (
        select(job.id)
        .where(
            job.project_id == project_id,
            job.environment == environment,
            job.status == JobStatus.PENDING,
        )
        .order_by(job.created_at, job.id)
    )
    for plan in db.session.scalars(pending.where(job.action == Action.PLAN).limit(BITE)).all():
        _queue(plan, None)
    if db.session.scalar(select(job.id).where(job.slot_key == slot)) is None:
        first = db.session.scalar(pending.where(job.action != Action.PLAN).limit(1))
        if first is not None:
            _queue(first, slot)


def _queue(job_id: int, slot: str | None) -> None:
    job = DeploymentJob
    db.session.execute(
        update(job)
        .where(job.id == job_id, job.status == JobStatus.PENDING)
        .values(
            status=JobStatus.QUEUED, slot_key=slot, version=job.version + 1, updated_at=utcnow()
        )
    )


def end_waiting(job_id: int, reason: Reason, detail: str) -> bool:
    """Fail, within a transaction, a job that nobody has claimed yet; False: it is too late.

    The caller promotes the next one.
    """
    job = DeploymentJob
    now = utcnow()
    failed = db.session.execute(
        update(job)
        .where(job.id == job_id, job.status.in_(WAITING))
        .values(
            status=JobStatus.FAILED,
            reason=reason,
            detail=detail,
            slot_key=None,
            logs_complete=True,
            completed_at=now,
            updated_at=now,
            version=job.version + 1,
        )
    )
    return changed(failed)


def expire(job_id: int, project_id: int, environment: str) -> None:
    """Fail a waiting job whose time in the queue is over, and let the next one go."""
    detail = "No runner took it in time. Is the project's runner running?"
    if transaction(end_waiting)(job_id, Reason.EXPIRED_IN_QUEUE, detail):
        promote(project_id, environment)


def mend(user_id: int | None) -> None:
    """Expire and promote what an interrupted request left behind, a bounded bite at a time.

    None: of all users.
    """
    job, holder = DeploymentJob, aliased(DeploymentJob)
    mine = select(job.id, job.project_id, job.environment).join(
        Project, Project.id == job.project_id
    )
    if user_id is not None:
        mine = mine.where(visible_to(user_id))
    late = mine.where(job.status.in_(WAITING), job.expires_at <= utcnow())
    for row in db.session.execute(late.limit(BITE)).all():
        expire(row.id, row.project_id, row.environment)
    held = exists().where(
        holder.project_id == job.project_id,
        holder.environment == job.environment,
        holder.slot_key.is_not(None),
    )
    missed = mine.where(
        job.status == JobStatus.PENDING, or_(~held, job.action == Action.PLAN)
    ).order_by(job.created_at)
    places = {
        (row.project_id, row.environment) for row in db.session.execute(missed.limit(BITE)).all()
    }
    for project_id, environment in places:
        promote(project_id, environment)
