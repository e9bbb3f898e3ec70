"""Ends running jobs whose runner is gone or goes on for too long, a bounded bite at a time."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select, update

from app.clock import utcnow
from app.config import settings
from app.extensions import db
from app.models import DeploymentJob, Runner
from app.services import alive, queue
from app.services.transactions import changed, transaction
from deployr.states import JobStatus, Reason


def is_overdue(row: Row[Any], now: datetime) -> bool:
    """Tell whether a job's lease or time is over."""
    return row.status == JobStatus.RUNNING and any(
        limit is not None and limit <= now for limit in (row.lease_until, row.hard_stop_at)
    )


def reap() -> None:
    """End overdue jobs of all users. They are never run again: deploying is not idempotent."""
    job = DeploymentJob
    now = utcnow()
    columns: list[Any] = [
        *(job.id, job.project_id, job.environment, job.version),
        *(job.lease_until, job.cancel_requested_at, Runner.name.label("runner")),
    ]
    overdue = (
        select(*columns)
        .join(Runner, Runner.id == job.runner_id)
        .where(job.status == JobStatus.RUNNING, _overdue(now))
        .order_by(job.id)
        .limit(queue.BITE)
    )
    if not alive.is_up(now):
        overdue = overdue.where(job.updated_at <= now - alive.PATIENCE)
    for row in db.session.execute(overdue).all():
        if _end(row, now):
            queue.promote(row.project_id, row.environment)


def _overdue(now: datetime) -> ColumnElement[bool]:
    job = DeploymentJob
    return or_(job.lease_until <= now, job.hard_stop_at <= now)


@transaction
def _end(row: Row[Any], now: datetime) -> bool:
    job = DeploymentJob
    reason, detail = _verdict(row, now)
    ended = db.session.execute(
        update(job)
        # A sign of life in between has raised the version.
        .where(job.id == row.id, job.status == JobStatus.RUNNING, job.version == row.version)
        .values(
            status=JobStatus.FAILED,
            reason=reason,
            detail=detail,
            slot_key=None,
            lease_until=None,
            reaped_at=now,
            completed_at=now,
            updated_at=now,
            version=job.version + 1,
        )
    )
    return changed(ended)


def _verdict(row: Row[Any], now: datetime) -> tuple[Reason, str]:
    if row.lease_until is None or row.lease_until > now:
        detail = f"The job's time limit is long over and {row.runner} has not ended it."
        return Reason.TIMEOUT, f"{detail} What became of it on the server is not known."
    asked = " It had been asked to cancel." if row.cancel_requested_at else ""
    return Reason.RUNNER_LOST, (
        f"No sign of life from the runner {row.runner} for {settings().lease_seconds:g} s.{asked} "
        "It may still have deployed; look at the server, then `deployr retry`."
    )
