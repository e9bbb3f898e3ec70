"""What a runner is told after each post about a job."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from app.config import settings
from app.extensions import db
from app.models import DeploymentJob
from app.services import payloads
from deployr.states import JobStatus

_WATCHED_INTERVAL = 2
"""Seconds between heartbeats while somebody follows the log."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a job stands after a runner's post."""

    status: JobStatus
    cancel: bool
    interval: float
    ack: int
    payload: str | None
    signature: str | None


def standing(row: Row[Any], now: datetime) -> Standing:
    """Return where the job of `row` stands."""
    watched = row.watched_until is not None and row.watched_until > now
    pause = settings().heartbeat_seconds
    running = row.status == JobStatus.RUNNING
    # Until a log arrives, the answer to the claim may have been lost.
    payload, signature = _order(row.id) if running and not row.log_bytes else (None, None)
    return Standing(
        status=JobStatus(row.status),
        cancel=running and row.cancel_requested_at is not None,
        interval=min(pause, _WATCHED_INTERVAL) if watched else pause,
        ack=row.log_bytes,
        payload=payload,
        signature=signature,
    )


def _order(job_id: int) -> tuple[str, str | None]:
    job = DeploymentJob
    row = db.session.execute(select(job.payload, job.signature).where(job.id == job_id)).one()
    return payloads.encode(row.payload), row.signature
