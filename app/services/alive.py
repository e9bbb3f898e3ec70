"""Whether the backend itself was there to hear its runners."""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.config import settings
from app.extensions import db
from app.models import BackendAlive, DeploymentJob
from app.services.transactions import changed
from deployr.states import JobStatus

_ROW = 1


def touch(now: datetime) -> None:
    """Note that the backend is at work. Runs inside a transaction.

    After an outage of its own all leases begin anew: runners could not renew them.
    """
    seen = db.session.scalar(select(BackendAlive.seen_at).where(BackendAlive.id == _ROW))
    if seen is None:
        with suppress(IntegrityError), db.session.begin_nested():  # somebody else was the first
            db.session.add(BackendAlive(id=_ROW, seen_at=now))
        return
    if now - seen < timedelta(seconds=settings().stamp_seconds):
        return
    moved = db.session.execute(
        update(BackendAlive)
        .where(BackendAlive.id == _ROW, BackendAlive.seen_at == seen)
        .values(seen_at=now)
    )
    if changed(moved) and now - seen > timedelta(seconds=settings().outage_seconds):
        _renew_leases(now + timedelta(seconds=settings().lease_seconds))


def _renew_leases(until: datetime) -> None:
    job = DeploymentJob
    for limit in (job.lease_until, job.hard_stop_at):
        db.session.execute(
            update(job)
            .where(job.status == JobStatus.RUNNING, limit < until)
            .values({limit: until, job.version: job.version + 1})
        )
