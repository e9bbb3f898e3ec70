"""Moving logs of finished jobs out of the database, and reading them where they are then."""

import gzip
import json
from datetime import timedelta

from flask import current_app
from sqlalchemy import delete, or_, select, update

from app.clients.logstores import LogStore, LogStoreError, open_store
from app.clock import utcnow
from app.config import ConfigError, settings
from app.errors import Away
from app.extensions import db
from app.models import DeploymentJob, JobLog, OutboxJob
from app.services.transactions import changed, transaction
from deployr.logchunk import MAX_CHUNK_BYTES

PART_BYTES = 256 * 1024
"""Raw bytes of each object: any place of a log is found by counting."""

DELETE_QUEUE = "logs.delete"
LATE = timedelta(hours=1)
"""How long after its end a job's missing log is still taken."""


def due(limit: int) -> list[int]:
    """Return the ids of finished jobs whose log may move now, oldest first."""
    if settings().log_store == "db":
        return []
    job = DeploymentJob
    ended = or_(job.logs_complete.is_(True), job.completed_at <= utcnow() - LATE)
    query = select(job.id).where(job.logs_path.is_(None), job.completed_at.is_not(None), ended)
    return list(db.session.scalars(query.order_by(job.completed_at).limit(limit)))


def move(job_id: int) -> bool:
    """Move one log; tell whether it moved. Raises LogStoreError, ConfigError.

    Nothing is lost at any interruption: rows go only after all objects were read back.
    """
    kind = settings().log_store
    store = open_store(kind, settings())
    size = _size(job_id)
    for start in range(0, size, PART_BYTES):
        raw = read_rows(job_id, start, min(start + PART_BYTES, size))
        key = _key(job_id, start)
        store.put(key, gzip.compress(raw, mtime=0))
        if gzip.decompress(store.get(key)) != raw:
            return False
    return _settle(job_id, f"{kind}:{job_id}", size)


def read(job_id: int, logs_path: str, start: int, end: int) -> bytes:
    """Return bytes `[start, end)` of a log that was moved. Raises Away."""
    first = start - start % PART_BYTES
    try:
        store = open_store(logs_path.partition(":")[0], settings())
        parts = [_part(store, job_id, at) for at in range(first, end, PART_BYTES)]
    except (LogStoreError, ConfigError) as error:
        current_app.logger.warning("the log of job %s can't be read: %s", job_id, error)
        detail = "The place where finished logs are kept does not answer; try again."
        raise Away("log_store_unavailable", detail) from None
    return b"".join(parts)[start - first : end - first]


def read_rows(job_id: int, start: int, end: int) -> bytes:
    """Return bytes `[start, end)` of a log in the database."""
    log = JobLog
    pieces = db.session.execute(
        select(log.off, log.data)
        .where(log.job_id == job_id, log.off > start - MAX_CHUNK_BYTES, log.off < end)
        .order_by(log.off)
    )
    # Pieces hold at most MAX_CHUNK_BYTES, so the first one found covers `start` or ends before.
    found = [(piece.off, gzip.decompress(piece.data)) for piece in pieces]
    return b"".join(raw[max(0, start - off) : end - off] for off, raw in found)


def forget(job_ids: list[int]) -> None:
    """Have the moved logs of jobs deleted later. Runs inside the transaction that drops the jobs.

    The store may be away, and a request must not wait for it.
    """
    job = DeploymentJob
    moved = select(job.id, job.logs_path, job.log_bytes).where(
        job.id.in_(job_ids), job.logs_path.is_not(None)
    )
    for row in db.session.execute(moved).all():
        _delete_later(str(row.logs_path), row.id, row.log_bytes)


def delete_objects(payload: str) -> None:
    """Do what `forget` asked for. Raises LogStoreError, ConfigError."""
    asked = json.loads(payload)
    store = open_store(asked["kind"], settings())
    for key in asked["keys"]:
        store.delete(key)


@transaction
def _settle(job_id: int, logs_path: str, size: int) -> bool:
    job = DeploymentJob
    settled = db.session.execute(
        update(job)
        .where(job.id == job_id, job.logs_path.is_(None), job.log_bytes == size)
        .values(logs_path=logs_path, version=job.version + 1)
    )
    if changed(settled):
        db.session.execute(delete(JobLog).where(JobLog.job_id == job_id))
    elif db.session.scalar(select(job.id).where(job.id == job_id)) is None:
        _delete_later(logs_path, job_id, size)  # its project went while the log was moving
    return changed(settled)


def _delete_later(logs_path: str, job_id: int, size: int) -> None:
    now = utcnow()
    payload = {"kind": logs_path.partition(":")[0], "keys": _keys(job_id, size)}
    db.session.add(
        OutboxJob(queue=DELETE_QUEUE, payload=json.dumps(payload), available_at=now, created_at=now)
    )


def _size(job_id: int) -> int:
    size = db.session.scalar(select(DeploymentJob.log_bytes).where(DeploymentJob.id == job_id))
    return size or 0


def _part(store: LogStore, job_id: int, start: int) -> bytes:
    return gzip.decompress(store.get(_key(job_id, start)))


def _keys(job_id: int, size: int) -> list[str]:
    return [_key(job_id, start) for start in range(0, size, PART_BYTES)]


def _key(job_id: int, start: int) -> str:
    return f"jobs/{job_id}/{start // PART_BYTES:05}.log.gz"
