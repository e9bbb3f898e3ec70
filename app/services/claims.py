"""What a runner may do with a job: claim it, keep it, add to its log and end it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update

from app.clock import utcnow
from app.config import settings
from app.errors import Conflict, Gone, NotFound
from app.extensions import db
from app.models import DeploymentJob, Project
from app.services import archive, logs, queue, reports
from app.services.news import News
from app.services.runner_choice import claimable_by
from app.services.standing import Standing, standing
from app.services.transactions import RacedError, changed, transaction
from deployr.manifest import DEFAULT_TIMEOUT_SECONDS
from deployr.states import JobStatus


def post_status(news: News) -> Standing:
    """Claim, renew or end a job and take its log.

    Raises NotFound, Conflict (`not_claimable`, `log_gap`, `job_finished`), Gone.
    """
    if news.post.status == JobStatus.RUNNING:
        return _run(news)
    before, where = _end(news)
    if before.reaped_at is not None:
        raise _lost(before)
    if before.status == JobStatus.RUNNING:  # until now: its slot is free
        queue.promote(before.project_id, before.environment)
    return where


@transaction
def _run(news: News) -> Standing:
    row = _find(news)
    now = utcnow()
    if row.status == JobStatus.QUEUED:
        _claim(news, row, now)
    elif not news.is_mine(row):
        raise _not_yours(news, row)
    elif row.status == JobStatus.RUNNING:
        _renew(news, row, now)
    elif news.post.log is None or not _takes_logs(row, now):
        raise _lost(row)
    _append(news)
    row = _settled(news)
    _refuse_gap(news, row)
    return standing(row, now)


@transaction
def _end(news: News) -> tuple[Row[Any], Standing]:
    """Return the job as it was before, and where it stands now."""
    before = _find(news)
    now = utcnow()
    if not news.is_mine(before):
        raise _not_yours(news, before)
    if before.status == JobStatus.RUNNING:
        # The end never waits for logs: a piece that comes too early is sent again later.
        reports.close(news, before)
        _append(news)
    elif before.reaped_at is not None:
        reports.note_late(news, before)
    elif before.status != news.post.status:
        raise Conflict("job_finished", f"Job {before.id} has {before.status} already.")
    elif news.post.log is not None and _takes_logs(before, now):
        logs.append(before.id, news.claimed, news.post.log.off, news.chunk)
        _refuse_gap(news, _find(news))
    return before, standing(_settled(news), now)


def _find(news: News) -> Row[Any]:
    job = DeploymentJob
    columns: list[Any] = [
        *(job.id, job.project_id, job.environment, job.status, job.runner_id, job.claim_id),
        *(job.log_bytes, job.log_final_bytes, job.logs_complete, job.watched_until),
        *(job.cancel_requested_at, job.started_at, job.completed_at, job.expires_at),
        *(job.reaped_at, job.late_result, job.activated_at, job.version, job.logs_path),
        *(Project.runner_id.label("home_id"), Project.runs_on),
    ]
    row = db.session.execute(
        select(*columns)
        .join_from(job, Project, Project.id == job.project_id)
        .where(job.id == news.job_id, Project.user_id == news.runner.user_id)
    ).first()
    if row is None:
        raise NotFound("job")
    return row


def _claim(news: News, row: Row[Any], now: datetime) -> None:
    """Compare and swap: of several runners exactly one gets the job."""
    job, runner = DeploymentJob, news.runner
    mine = select(job.id).where(job.id == row.id, claimable_by(runner))
    if row.expires_at <= now or db.session.scalar(mine) is None:
        raise _not_claimable(row)
    claimed = db.session.execute(
        update(job)
        # The version too: the job may have been sent to another runner since it was looked at.
        .where(job.id == row.id, job.status == JobStatus.QUEUED, job.version == row.version)
        .values(
            status=JobStatus.RUNNING,
            runner_id=runner.id,
            claim_id=news.claim_id,
            lease_until=_lease_end(news, now),
            hard_stop_at=_hard_stop(now, DEFAULT_TIMEOUT_SECONDS),
            started_at=now,
            updated_at=now,
            version=job.version + 1,
        )
    )
    if not changed(claimed):
        raise RacedError
    if row.home_id is None and row.runs_on is None:
        db.session.execute(
            update(Project)
            .where(Project.id == row.project_id, Project.runner_id.is_(None))
            .values(runner_id=runner.id)
        )


def _renew(news: News, row: Row[Any], now: datetime) -> None:
    job = DeploymentJob
    values: dict[Any, Any] = {"lease_until": _lease_end(news, now), "updated_at": now}
    if news.post.timeout is not None:
        values["hard_stop_at"] = _hard_stop(row.started_at, news.post.timeout)
    if news.post.activated and row.activated_at is None:
        values["activated_at"] = now
    renewed = db.session.execute(
        update(job)
        .where(job.id == news.job_id, job.status == JobStatus.RUNNING, news.claimed)
        .values(version=job.version + 1, **values)
    )
    if not changed(renewed):
        raise RacedError


def _append(news: News) -> None:
    if news.post.log is not None:
        logs.append(news.job_id, news.claimed, news.post.log.off, news.chunk)
    if news.post.logs:
        # Plain text names no offset: it goes where the log ends.
        logs.append(news.job_id, news.claimed, None, news.post.logs.encode())


def _settled(news: News) -> Row[Any]:
    """Return the job; an ended one whose log has become whole is marked so."""
    row = _find(news)
    final = row.log_final_bytes or 0
    if row.completed_at is None or row.logs_complete:
        return row
    if row.log_bytes >= final or logs.is_full(row.log_bytes):
        job = DeploymentJob
        values = {"logs_complete": True, "version": job.version + 1}
        db.session.execute(update(job).where(job.id == row.id, news.claimed).values(values))
    return row


def _lease_end(news: News, now: datetime) -> datetime | None:
    """A client that makes no claim id sends no heartbeats either: only the hard stop is for it."""
    if news.post.claim_id is None:
        return None
    return now + timedelta(seconds=settings().lease_seconds)


def _hard_stop(started: datetime, timeout: float) -> datetime:
    return started + timedelta(seconds=timeout + settings().overtime_seconds)


def _takes_logs(row: Row[Any], now: datetime) -> bool:
    return (
        row.completed_at is not None
        and row.logs_path is None
        and now < row.completed_at + archive.LATE
    )


def _refuse_gap(news: News, row: Row[Any]) -> None:
    chunk = news.post.log
    if chunk is not None and chunk.off > row.log_bytes and not logs.is_full(row.log_bytes):
        have = row.log_bytes
        raise Conflict("log_gap", f"Bytes {have} to {chunk.off} are missing.", ack=have)


def _not_yours(news: News, row: Row[Any]) -> Conflict | Gone:
    return _lost(row) if row.runner_id == news.runner.id else _not_claimable(row)


def _not_claimable(row: Row[Any]) -> Conflict:
    return Conflict("not_claimable", f"Job {row.id} can't be claimed by this runner (any more).")


def _lost(row: Row[Any]) -> Gone:
    return Gone("claim_lost", f"Job {row.id} is no longer this runner's: stop working on it.")
