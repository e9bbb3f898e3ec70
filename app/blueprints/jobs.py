"""Deployment jobs of a user."""

import base64
from http import HTTPStatus

from flask import Blueprint

from app.api import Operation, Replay, speaks
from app.auth import user_required
from app.blueprints.job_views import job_fields, job_view
from app.schemas.jobs import (
    JobList,
    JobQuery,
    JobsQuery,
    JobSummary,
    JobView,
    JobWithLog,
    JobWithText,
    LogView,
    NewJob,
)
from app.services import jobs, logs
from app.services.idempotency import RequestKey
from app.services.identity import UserActor
from deployr.roles import Scope

blueprint = Blueprint("jobs", __name__, url_prefix="/api/jobs")


@blueprint.post("")
@user_required(Scope.DEPLOY)
@speaks(
    Operation(
        body=NewJob,
        answer=(JobView,),
        status=HTTPStatus.CREATED,
        refuses=(404, 409),
        repeatable=True,
    )
)
def create(user: UserActor, body: NewJob, key: RequestKey | None) -> JobView | Replay:
    """Create a deployment job."""
    job, is_new = jobs.create_job(user, body, key)
    return job_view(job) if is_new else Replay(answer=job_view(job))


@blueprint.get("")
@user_required(Scope.READ)
@speaks(Operation(query=JobsQuery, answer=(JobList,), refuses=(404,)))
def index(user: UserActor, query: JobsQuery) -> JobList:
    """List jobs, newest first."""
    page = jobs.list_jobs(user, query)
    return JobList(jobs=[JobSummary(**job_fields(job)) for job in page.rows], next=page.next)


@blueprint.get("/<id:job_id>")
@user_required(Scope.READ)
@speaks(Operation(query=JobQuery, answer=(JobWithText, JobWithLog)))
def show(user: UserActor, job_id: int, query: JobQuery) -> JobView:
    """Show a job with its log: all of it as text, or a part from `log_from` on."""
    job = jobs.look_at(user, job_id)
    view = dict(job_view(job))
    if query.log_from is None:
        return JobWithText(**view, logs=logs.read_text(job.row))
    part = logs.read_part(job.row, query.log_from)
    log = LogView(
        from_=part.start,
        next=part.start + len(part.raw),
        data=base64.b64encode(part.raw).decode("ascii"),
        complete=part.complete,
    )
    return JobWithLog(**view, log=log)


@blueprint.post("/<id:job_id>/cancel")
@user_required(Scope.DEPLOY)
@speaks(Operation(answer=(JobView,), refuses=(409,)))
def cancel(user: UserActor, job_id: int) -> JobView:
    """Cancel a job that waits, or ask its runner to stop it."""
    return job_view(jobs.cancel_job(user, job_id))
