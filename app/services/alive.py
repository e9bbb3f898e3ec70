"""Whether the backend itself was there to hear its runners."""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.config import settings
from app.extensions import db, execute
from app.models import BackendAlive, DeploymentJob
from app.services.transactions import changed
from deployr.states import JobStatus

PATIENCE = timedelta(days=1)
"""Whose runner was not heard of for so long is lost, outage or not: rare looks are no excuse."""

_ROW = 1
_SEEN_AT = select(BackendAlive.seen_at).where(BackendAlive.id == _ROW)  # built once, for its price


def is_up(now: datetime) -> bool:
    """Tell whether anybody got through lately: cron may be at work when the web server is not."""
    seen = execute(_SEEN_AT, {}).scalar()
    return seen is not None and now - seen <= timedelta(seconds=settings().outage_seconds)


def touch(now: datetime) -> None:
    """Note that the backend is at work. Runs inside a transaction.

    After an outage of its own all leases begin anew: runners could not renew them.
    """
    seen = execute(_SEEN_AT, {}).scalar()
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
        _renew_leases(now)


def _renew_leases(now: datetime) -> None:
    job = DeploymentJob
    until = now + timedelta(seconds=settings().lease_seconds)
    running = (job.status == JobStatus.RUNNING, job.updated_at > now - PATIENCE)
    for limit in (job.lease_until, job.hard_stop_at):
        db.session.execute(
            update(job)
            .where(*running, limit < until)
            .values({limit: until, job.version: job.version + 1})
        )
