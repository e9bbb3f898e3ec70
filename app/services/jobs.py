"""Jobs as their owners create, read and cancel them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.errors import Conflict, NotFound
from app.extensions import db
from app.models import DeploymentJob, JobStep, Project, Runner
from app.schemas.jobs import JobsQuery, NewJob
from app.services import audit, chores, payloads, queue, reaper, runner_choice, waiting
from app.services.audit import Act
from app.services.idempotency import RequestKey, made_before, remember
from app.services.identity import UserActor
from app.services.paging import Page, Window
from app.services.policy import project_for, visible_to
from app.services.transactions import changed, transaction
from deployr.roles import Role
from deployr.states import JobStatus, Reason

_HEAVY = {"payload", "signature"}


@dataclass(frozen=True, kw_only=True)
class JobDetails:
    """A job and what is told with it, as it was when it was read."""

    row: Row[Any]
    """Columns of the job but its payload, and `project_name`, `runner_name`."""
    waiting_for: int | None
    waits: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[JobStep, ...] = ()


def create_job(
    user: UserActor, new: NewJob, key: RequestKey | None = None
) -> tuple[JobDetails, bool]:
    """Accept a job; return it and whether it is new: it is not when `key` has made it before.

    The answer shows a new job pending even when it is first in line. Raises NotFound, Invalid,
    Conflict `nonce_used`, `no_release`, `release_unusable`.
    """
    if made := made_before(user.id, key):
        return get_job(user, made), False
    project = project_for(user, new.project_id, Role.DEPLOYER)
    order = payloads.make_order(new, project)
    destination = runner_choice.choose(project, order.spec)
    try:
        job_id = _insert(user, project.id, order, destination, key)
    except IntegrityError:
        if made := made_before(user.id, key):  # the same request came twice at once
            return get_job(user, made), False
        detail = "This payload was accepted before, or its project is gone; look at the jobs."
        raise Conflict("nonce_used", detail) from None
    job = get_job(user, job_id)
    queue.promote(job.row.project_id, job.row.environment)
    return job, True


def look_at(user: UserActor, job_id: int) -> JobDetails:
    """Return a job of the user as it is after the chores that are due. Raises NotFound."""
    if user.stamped:
        chores.tend(user.id)
    return get_job(user, job_id)


def get_job(user: UserActor, job_id: int) -> JobDetails:
    """Return a job of the user. Raises NotFound."""
    row = _find(user, job_id)
    steps = select(JobStep).where(JobStep.job_id == job_id).order_by(JobStep.position)
    (holder,) = _waiting_for([row])
    return JobDetails(
        row=row,
        waiting_for=holder,
        waits=waiting.why_waiting(row, holder),
        params=payloads.params_of(job_id),
        steps=tuple(db.session.scalars(steps)),
    )


def list_jobs(user: UserActor, query: JobsQuery) -> Page[JobDetails]:
    """Return a page of the user's jobs. Raises NotFound for somebody else's project."""
    found = _selection(user)
    if query.project_id is not None:
        project_for(user, query.project_id, Role.VIEWER)
        found = found.where(DeploymentJob.project_id == query.project_id)
    if query.environment is not None:
        found = found.where(DeploymentJob.environment == query.environment)
    if query.status is not None:
        found = found.where(DeploymentJob.status == query.status)
    window = Window(limit=query.limit, before=query.before)
    rows = list(db.session.execute(window.select(found, DeploymentJob.id)))
    holders = _waiting_for(rows)
    details = [
        JobDetails(row=row, waiting_for=holder) for row, holder in zip(rows, holders, strict=True)
    ]
    return window.page(details, [row.id for row in rows])


def cancel_job(user: UserActor, job_id: int) -> JobDetails:
    """Cancel a job: at once if nobody has claimed it, else by asking its runner.

    Raises NotFound, Forbidden, Conflict `job_finished` or `already_live`.
    """
    row = _find(user, job_id)
    project_for(user, row.project_id, Role.DEPLOYER)
    if _cancel_waiting(user, row):
        queue.promote(row.project_id, row.environment)
    elif not _request_cancel(user, row):
        raise _too_late(_find(user, job_id))
    return get_job(user, job_id)


@transaction
def _insert(
    user: UserActor,
    project_id: int,
    order: payloads.Order,
    to: runner_choice.Destination,
    key: RequestKey | None,
) -> int:
    project_for(user, project_id, Role.DEPLOYER)  # he may have lost it meanwhile
    now = utcnow()
    spec = order.spec
    job = DeploymentJob(
        project_id=project_id,
        environment=spec.environment,
        action=spec.action,
        status=JobStatus.PENDING,
        branch=spec.branch,
        commit_hash=spec.commit,
        triggered_by=user.name,
        payload=order.payload,
        signature=order.signature,
        nonce=spec.nonce,
        target_runner_id=to.runner_id,
        runs_on=to.runs_on,
        expires_at=now + queue.ttl(),
        created_at=now,
        updated_at=now,
    )
    db.session.add(job)
    db.session.flush()
    remember(user.id, key, job.id)
    told = {"action": spec.action, "environment": spec.environment, "branch": spec.branch}
    more = {"commit": spec.commit, "token_id": user.token_id}
    thing = f"job:{job.id} {spec.project}"
    audit.record(
        Act.JOB_CREATED, user.label, thing, user_id=user.id, project_id=project_id, **told, **more
    )
    return job.id


@transaction
def _cancel_waiting(user: UserActor, row: Row[Any]) -> bool:
    cancelled = queue.end_waiting(row.id, Reason.CANCELLED, f"Cancelled by {user.name}.")
    if cancelled:
        _tell_cancel(user, row, "waiting")
    return cancelled


@transaction
def _request_cancel(user: UserActor, row: Row[Any]) -> bool:
    job = DeploymentJob
    now = utcnow()
    found = db.session.execute(
        update(job)
        .where(job.id == row.id, job.status == JobStatus.RUNNING, job.activated_at.is_(None))
        .values(cancel_requested_at=now, updated_at=now, version=job.version + 1)
    )
    if changed(found):
        _tell_cancel(user, row, "running")
    return changed(found)


def _tell_cancel(user: UserActor, row: Row[Any], was: str) -> None:
    thing = f"job:{row.id} {row.project_name}"
    told = {"environment": row.environment, "was": was, "token_id": user.token_id}
    whose = {"user_id": user.id, "project_id": row.project_id}
    audit.record(Act.JOB_CANCELLED, user.label, thing, **whose, **told)


def _too_late(row: Row[Any]) -> Conflict:
    if row.status == JobStatus.RUNNING:
        detail = f"The release of job {row.id} is live already; it is only being finished."
        return Conflict("already_live", detail)
    return Conflict("job_finished", f"Job {row.id} is over; there is nothing to cancel.")


def _selection(user: UserActor) -> Select[Any]:
    columns = [column for column in DeploymentJob.__table__.c if column.name not in _HEAVY]
    return (
        select(*columns, Project.name.label("project_name"), Runner.name.label("runner_name"))
        .select_from(DeploymentJob)
        .join(Project, Project.id == DeploymentJob.project_id)
        .outerjoin(Runner, Runner.id == DeploymentJob.runner_id)
        .where(visible_to(user.id))
    )


def _find(user: UserActor, job_id: int) -> Row[Any]:
    """Return a job's row; one whose time is over fails first."""
    query = _selection(user).where(DeploymentJob.id == job_id)
    row = db.session.execute(query).first()
    if row is not None and queue.is_late(row, utcnow()):
        queue.expire(row.id, row.project_id, row.environment)
        row = db.session.execute(query).first()
    elif row is not None and reaper.is_overdue(row, utcnow()):
        reaper.reap()
        row = db.session.execute(query).first()
    if row is None:
        raise NotFound("job")
    return row


def _waiting_for(rows: list[Row[Any]]) -> list[int | None]:
    """Return for each of `rows` the id of the job whose slot it waits for."""
    pending = [
        queue.slot_of(row.project_id, row.environment) if row.status == JobStatus.PENDING else None
        for row in rows
    ]
    slots = {slot for slot in pending if slot is not None}
    if not slots:
        return [None] * len(rows)
    job = DeploymentJob
    found = select(job.slot_key, job.id).where(job.slot_key.in_(slots))
    holders = {row.slot_key: row.id for row in db.session.execute(found)}
    return [holders.get(slot) for slot in pending]
