"""What a runner may do with a job: claim it, keep it, add to its log and end it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, or_, select, update

from app.clock import utcnow
from app.errors import Conflict, Gone, NotFound
from app.extensions import db, execute
from app.models import DeploymentJob, Project
from app.services import archive, logs, queue, reports
from app.services.news import CLAIMED, News
from app.services.runner_choice import REACHED, may_take
from app.services.standing import Standing, standing
from app.services.taking import hard_stop, lease_end, make_home, take
from app.services.transactions import RacedError, changed, transaction
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
    now = utcnow()
    if news.is_bare and take(news, now):
        row = _find(news)
        _accept(news, row)
        return standing(row, now)
    row = _find(news)
    if row.status == JobStatus.QUEUED:
        if not take(news, now):
            raise _not_claimable(row)
        _accept(news, row)
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
        logs.append(news, news.post.log.off, news.chunk)
        _refuse_gap(news, _find(news))
    return before, standing(_settled(news), now)


def _select_job() -> Select[Any]:
    job = DeploymentJob
    columns: list[Any] = [
        *(job.id, job.project_id, job.environment, job.action, job.status),
        *(job.runner_id, job.claim_id),
        *(job.log_bytes, job.log_final_bytes, job.logs_complete, job.watched_until),
        *(job.cancel_requested_at, job.started_at, job.completed_at, job.expires_at),
        *(job.reaped_at, job.late_result, job.activated_at, job.version, job.logs_path),
        *(job.target_runner_id, job.runs_on.label("label")),
        *(Project.runner_id.label("home_id"), Project.runs_on, REACHED.label("is_reached")),
    ]
    # What a runner has claimed stays its own although its share ends meanwhile.
    mine = job.runner_id == bindparam("by_runner")
    return (
        select(*columns)
        .join_from(job, Project, Project.id == job.project_id)
        .where(job.id == bindparam("job"), or_(REACHED, mine))
    )


_JOB = _select_job()  # built once: that takes longer than to execute it


def _find(news: News) -> Row[Any]:
    me = {"by_runner": news.runner.id, "by_user": news.runner.user_id}
    row = execute(_JOB, {"job": news.job_id, **me}).first()
    if row is None:
        raise NotFound("job")
    return row


def _accept(news: News, row: Row[Any]) -> None:
    """Let a claim that was just written stand if the job is for this runner at all."""
    if not row.is_reached:
        raise NotFound("job")
    if not may_take(news.runner, row):
        raise _not_claimable(row)
    make_home(news, row)


_RENEW = (
    update(DeploymentJob)
    .where(CLAIMED, DeploymentJob.status == JobStatus.RUNNING)
    .values(
        lease_until=bindparam("lease", type_=DeploymentJob.lease_until.type),
        updated_at=bindparam("now", type_=DeploymentJob.updated_at.type),
        version=DeploymentJob.version + 1,
    )
)


def _renew(news: News, row: Row[Any], now: datetime) -> None:
    renewal = _RENEW
    if news.post.timeout is not None:
        renewal = renewal.values(hard_stop_at=hard_stop(row.started_at, news.post.timeout))
    if news.post.activated and row.activated_at is None:
        renewal = renewal.values(activated_at=now)
    until = {"lease": lease_end(news, now), "now": now}
    if not changed(execute(renewal, news.mine | until)):
        raise RacedError


def _append(news: News) -> None:
    if news.post.log is not None:
        logs.append(news, news.post.log.off, news.chunk)
    if news.post.logs:
        # Plain text names no offset: it goes where the log ends.
        logs.append(news, None, news.post.logs.encode())


def _settled(news: News) -> Row[Any]:
    """Return the job; an ended one whose log has become whole is marked so."""
    row = _find(news)
    final = row.log_final_bytes or 0
    if row.completed_at is None or row.logs_complete:
        return row
    if row.reaped_at is not None and row.late_result is None:  # how long it is, is still to come
        return row
    if row.log_bytes >= final or logs.is_full(row.log_bytes):
        job = DeploymentJob
        values = {"logs_complete": True, "version": job.version + 1}
        db.session.execute(update(job).where(job.id == row.id, news.claimed).values(values))
    return row


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
