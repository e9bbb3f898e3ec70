"""The backend's own background work: rows of `jobs`, done by `tick`, again when they failed."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete, or_, select, update

from app.clients.logstores import LogStoreError
from app.clock import utcnow
from app.config import ConfigError
from app.extensions import db
from app.models import OutboxJob
from app.services import archive
from app.services.transactions import changed, transaction

MAX_ATTEMPTS = 10
_RESERVED_FOR = timedelta(minutes=5)
"""A tick that died has kept its row for so long."""

_FIRST_PAUSE = timedelta(minutes=1)
_logger = logging.getLogger(__name__)

WORK: Mapping[str, Callable[[str], None]] = {archive.DELETE_QUEUE: archive.delete_objects}
"""What is done with the payload of each queue; any of LogStoreError, ConfigError: again later."""


def due(limit: int) -> list[Row[Any]]:
    """Return rows that may be worked now, oldest first."""
    job = OutboxJob
    now = utcnow()
    free = or_(job.reserved_at.is_(None), job.reserved_at <= now - _RESERVED_FOR)
    columns: list[Any] = [job.id, job.queue, job.payload, job.attempts, job.reserved_at]
    query = select(*columns).where(job.queue.in_(WORK), job.available_at <= now, free)
    return list(db.session.execute(query.order_by(job.available_at, job.id).limit(limit)))


def work(row: Row[Any]) -> bool:
    """Do what a row asks for, unless another tick has it; tell whether it is done."""
    if not _reserve(row):
        return False
    try:
        WORK[row.queue](row.payload)
    except (LogStoreError, ConfigError) as error:
        _logger.warning("%s %s failed: %s", row.queue, row.id, error)
        _put_back(row)
        return False
    _remove(row.id)
    return True


@transaction
def _reserve(row: Row[Any]) -> bool:
    job = OutboxJob
    taken = db.session.execute(
        update(job)
        .where(job.id == row.id, job.attempts == row.attempts)
        .values(reserved_at=utcnow(), attempts=job.attempts + 1)
    )
    return changed(taken)


def _put_back(row: Row[Any]) -> None:
    if row.attempts + 1 >= MAX_ATTEMPTS:
        _logger.error("%s %s is given up: %s", row.queue, row.id, row.payload)
        _remove(row.id)
        return
    _postpone(row.id, _FIRST_PAUSE * 2**row.attempts)


@transaction
def _postpone(row_id: int, pause: timedelta) -> None:
    job = OutboxJob
    values = {"reserved_at": None, "available_at": utcnow() + pause}
    db.session.execute(update(job).where(job.id == row_id).values(values))


@transaction
def _remove(row_id: int) -> None:
    db.session.execute(delete(OutboxJob).where(OutboxJob.id == row_id))
