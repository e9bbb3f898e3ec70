"""What there is for a polling runner: jobs that it may claim, and those of its own to cancel."""

import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Row,
    Select,
    bindparam,
    select,
    union_all,
)

from app.clock import utcnow
from app.extensions import execute
from app.models import DeploymentJob, Project
from app.services.identity import RunnerActor
from app.services.runner_choice import LENT, OWN, PINNED, REACHED, SHARED, claimer
from deployr.states import JobStatus

MOST = 5
"""Candidates that a poll shows at most."""

_SPREAD = 256


@dataclass(frozen=True, kw_only=True)
class Worklist:
    """Candidates as rows of job id, branch and project, and ids of jobs to cancel."""

    candidates: list[Row[Any]]
    cancel: list[int]


def _jobs() -> Select[Any]:
    job = DeploymentJob
    columns: list[Any] = [
        *(job.id.label("job_id"), job.status, job.branch, job.created_at),
        *(Project.id, Project.name, Project.repo_url, Project.framework, Project.target),
    ]
    return select(*columns).join_from(job, Project, Project.id == job.project_id)


def oldest(*conditions: ColumnElement[bool], most: int = MOST) -> Select[Any]:
    """Return the query for the oldest queued jobs that meet `conditions`."""
    job = DeploymentJob
    return (
        _jobs()
        .where(
            job.status == JobStatus.QUEUED,
            job.expires_at > bindparam("now"),
            *conditions,
        )
        .order_by(job.created_at, job.id)
        .limit(most)
    )


_CANCELLED = _jobs().where(
    DeploymentJob.runner_id == bindparam("by_runner"),
    DeploymentJob.status == JobStatus.RUNNING,
    DeploymentJob.cancel_requested_at.is_not(None),
)
_LINE = oldest(OWN, SHARED).offset(bindparam("skipped", type_=Integer))
# One round trip; each kind on its own is read from an index, in the order of the queue. Built
# once: that takes longer than to execute it.
_OWN = union_all(
    select(oldest(OWN, PINNED).subquery()),
    select(_LINE.subquery()),
    _CANCELLED,
)
_OWN_AND_LENT = union_all(
    select(oldest(REACHED, PINNED).subquery()),
    select(_LINE.subquery()),
    select(oldest(LENT, SHARED).subquery()),
    _CANCELLED,
)


def find_work(runner: RunnerActor, online: int, *, is_lent: bool) -> Worklist:
    """Return the oldest jobs for `runner`, one of `online`, and what it has to cancel.

    In the line of a label each runner begins at another place, else all that have the label would
    run for the same job. `is_lent`: it is shared with projects of others.
    """
    query = _OWN_AND_LENT if is_lent else _OWN
    spread = min(8 * online, _SPREAD) if runner.labels and online > 1 else 1
    skipped = random.randrange(spread)  # noqa: S311 - spreads the claims
    found = _find(query, runner, skipped)
    return _find(query, runner, 0) if skipped and len(found.candidates) < MOST else found


def find_cancelled(runner: RunnerActor) -> Worklist:
    """Return what `runner`, which can take no more jobs, has to cancel."""
    rows = execute(_CANCELLED, {"by_runner": runner.id})
    return Worklist(candidates=[], cancel=[row.job_id for row in rows])


def _find(query: CompoundSelect[Any], runner: RunnerActor, skipped: int) -> Worklist:
    values = {**claimer(runner), "now": utcnow(), "skipped": skipped}
    rows = execute(query, values).all()
    queued = [row for row in rows if row.status == JobStatus.QUEUED]
    queued.sort(key=lambda row: (row.created_at, row.job_id))
    cancel = [row.job_id for row in rows if row.status == JobStatus.RUNNING]
    return Worklist(candidates=queued[:MOST], cancel=cancel)
