"""Job logs in the database: gzipped pieces, each at its offset."""

import gzip
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from app.clock import utcnow
from app.config import settings
from app.extensions import db, execute
from app.models import DeploymentJob, JobLog
from app.services import archive
from app.services.archive import LATE, PART_BYTES
from app.services.news import CLAIMED, News
from app.services.transactions import RacedError, changed, transaction
from deployr.logchunk import MAX_CHUNK_BYTES
from deployr.states import JobStatus

_WATCHED = timedelta(seconds=15)
_WATCH_STAMP_EVERY = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class LogPart:
    """Bytes `[start, start + len(raw))` of a log."""

    start: int
    raw: bytes
    complete: bool


def is_full(log_bytes: int) -> bool:
    """Tell whether a log has reached its limit, so that the rest is dropped."""
    return log_bytes >= settings().log_cap_bytes


_JOB = DeploymentJob
_HAVE = select(_JOB.log_bytes).where(_JOB.id == bindparam("job"))
# Built once: that takes longer than to execute them.
_GROW = (
    update(_JOB)
    .where(CLAIMED, _JOB.log_bytes == bindparam("have"), _JOB.logs_path.is_(None))
    .values(log_bytes=bindparam("size"), version=_JOB.version + 1)
)
_ADD = insert(db.metadata.tables[JobLog.__tablename__])


def append(news: News, off: int | None, raw: bytes) -> None:
    """Append `raw`, which starts at `off` (None: where the log ends). Runs inside a transaction.

    The job must still be the claim's. What is there already is not written twice, and nothing is
    written while bytes before `off` are missing.
    """
    have = execute(_HAVE, {"job": news.job_id}).scalar() or 0
    off = have if off is None else off
    if is_full(have) or off > have or off + len(raw) <= have:
        return
    fresh = raw[have - off :][: settings().log_cap_bytes - have]
    sizes = {"have": have, "size": have + len(fresh)}
    moved = execute(_GROW, news.mine | sizes)
    if not changed(moved):
        raise RacedError
    for start in range(0, len(fresh), MAX_CHUNK_BYTES):
        piece = fresh[start : start + MAX_CHUNK_BYTES]
        packed = gzip.compress(piece, compresslevel=6, mtime=0)
        place = {"job_id": news.job_id, "off": have + start, "len": len(piece)}
        execute(_ADD, place | {"data": packed})


def read_text(row: Row[Any]) -> str:
    """Return the whole log of a job."""
    return _read(row, 0, row.log_bytes).decode("utf-8", errors="replace")


def read_part(row: Row[Any], start: int) -> LogPart:
    """Return at most PART_BYTES of a job's log from `start` on, and note that it is followed."""
    start = min(start, row.log_bytes)
    end = min(start + PART_BYTES, row.log_bytes)
    raw = _read(row, start, end)
    now = utcnow()
    if row.status == JobStatus.RUNNING and _is_watch_due(row.watched_until, now):
        _watch(row.id, now + _WATCHED)
    return LogPart(start=start, raw=raw, complete=is_complete(row, now) and end == row.log_bytes)


def is_complete(row: Row[Any], now: datetime) -> bool:
    """Tell whether no more log of a job will come."""
    return row.logs_complete or (row.completed_at is not None and row.completed_at + LATE <= now)


def _is_watch_due(watched_until: datetime | None, now: datetime) -> bool:
    return watched_until is None or watched_until - now < _WATCHED - _WATCH_STAMP_EVERY


def _read(row: Row[Any], start: int, end: int) -> bytes:
    if row.logs_path is not None:
        return archive.read(row.id, row.logs_path, start, end)
    return archive.read_rows(row.id, start, end)


@transaction
def _watch(job_id: int, until: datetime) -> None:
    db.session.execute(
        update(DeploymentJob).where(DeploymentJob.id == job_id).values(watched_until=until)
    )
