"""How a job ended: its final state, steps and release, from what the runner reports."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from app.clock import utcnow
from app.extensions import db
from app.models import DeploymentJob, JobStep
from app.services.news import News
from app.services.release_news import note_releases
from app.services.transactions import RacedError, changed
from deployr.states import Action, JobStatus, Reason
from deployr.wire import Report

_MAX_TEXT = 4096
_MAX_STEPS = 200
_MAX_SECONDS = 1e9


def close(news: News, row: Row[Any]) -> None:
    """Give a running job its final state and free its slot. Runs inside a transaction."""
    job = DeploymentJob
    now = utcnow()
    closed = db.session.execute(
        update(job)
        .where(job.id == row.id, job.status == JobStatus.RUNNING, news.claimed)
        .values(
            status=news.post.status,
            reason=_reason(news),
            exit_code=news.post.exit_code,
            log_final_bytes=news.post.log_final_bytes,
            slot_key=None,
            lease_until=None,
            completed_at=now,
            updated_at=now,
            version=job.version + 1,
            **_facts(news.report),
        )
    )
    if not changed(closed):
        raise RacedError
    _record_steps(row, news)
    note_releases(news, row)


def note_late(news: News, row: Row[Any]) -> None:
    """Keep what a runner says of a job that was given up. Runs inside a transaction.

    The final state stays; but what lives on the server now is told as it is.
    """
    if row.late_result is not None:
        return
    job = DeploymentJob
    said = ":".join(filter(None, (news.post.status, _reason(news))))
    noted = db.session.execute(
        update(job)
        .where(job.id == row.id, news.claimed, job.late_result.is_(None))
        .values(
            late_result=said,
            log_final_bytes=news.post.log_final_bytes,
            version=job.version + 1,
            **{name: fact for name, fact in _facts(news.report).items() if name != "detail"},
        )
    )
    if not changed(noted):
        raise RacedError
    _record_steps(row, news)
    if not _is_outdated(row, news):
        note_releases(news, row)


def _reason(news: News) -> Reason | None:
    if news.post.status == JobStatus.COMPLETED:
        return None
    if news.post.reason is None:
        return Reason.EXIT_NONZERO
    try:
        return Reason(news.post.reason)
    except ValueError:  # of a newer runner
        return Reason.INTERNAL


def _facts(report: Report) -> Mapping[str, object]:
    facts: dict[str, object] = {
        "detail": _cut(report.detail),
        "path": _cut(report.path),
        "url": _web_address(report.url),
        "release": report.release and report.release.name,
    }
    if report.commit:
        facts["commit_hash"] = report.commit
    return facts


def _cut(text: str | None) -> str | None:
    return text and text[:_MAX_TEXT]


def _web_address(url: str | None) -> str | None:
    # It becomes a link: javascript: and the like must not.
    return _cut(url) if url and url.startswith(("https://", "http://")) else None


def _record_steps(row: Row[Any], news: News) -> None:
    steps = [
        {
            "job_id": row.id,
            "position": position,
            "name": step.name,
            "seconds": min(step.seconds, _MAX_SECONDS),
            "ok": step.ok,
        }
        for position, step in enumerate(news.report.steps[:_MAX_STEPS])
    ]
    if steps:
        db.session.execute(insert(JobStep), steps)


def _is_outdated(row: Row[Any], news: News) -> bool:
    """Tell whether a later job has ended there: it told the releases as they are now."""
    job = DeploymentJob
    later = select(job.id).where(
        job.project_id == row.project_id,
        job.environment == row.environment,
        job.status.in_((JobStatus.COMPLETED, JobStatus.FAILED)),
        job.id > row.id,
        job.action != Action.PLAN,
        job.runner_id.is_not(None),
        or_(job.reaped_at.is_(None), job.late_result.is_not(None)),
    )
    if row.label is None:
        later = later.where(job.runner_id == news.runner.id)
    return db.session.scalar(later.limit(1)) is not None
