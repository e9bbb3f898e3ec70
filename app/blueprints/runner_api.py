"""What runners call."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import runner_required, user_optional
from app.clock import utcnow
from app.config import settings
from app.schemas.runners import (
    Candidate,
    Polled,
    PolledProject,
    PollQuery,
    Registered,
    Registration,
    Rotated,
)
from app.schemas.status import StatusAnswer, StatusPost
from app.services import claims, limits, logs, polling, rotation, runners
from app.services.identity import RunnerActor, UserActor
from app.services.news import News

blueprint = Blueprint("runner_api", __name__, url_prefix="/api/runner")


@blueprint.post("/register")
@user_optional
@speaks(
    Operation(
        body=Registration,
        answer=(Registered,),
        status=HTTPStatus.CREATED,
        refuses=(401, 409, 426, 429),
    )
)
def register(user: UserActor | None, body: Registration) -> Registered:
    """Register a runner by a one-time code, or with a user's token."""
    limits.allow("registration", settings().registrations_per_minute)
    runner = runners.register(user, body)
    return Registered(
        runner_id=runner.id, name=runner.name, token=runner.token, poll_after=polling.poll_after()
    )


@blueprint.post("/token")
@runner_required
@speaks(Operation(answer=(Rotated,), status=HTTPStatus.CREATED, refuses=(409,)))
def rotate(runner: RunnerActor) -> Rotated:
    """Replace the runner's token; the old one works until an hour after the first use of the new."""
    return Rotated(token=rotation.rotate(runner))


@blueprint.get("/jobs")
@runner_required
@speaks(Operation(query=PollQuery, answer=(Polled,), refuses=(426,)))
def poll(runner: RunnerActor, query: PollQuery) -> Polled:
    """Ask for work."""
    runners.check_protocol(query.protocol)
    work = polling.poll(runner, query.slots)
    candidates = [_candidate(row) for row in work.candidates]
    first = candidates[0] if candidates else None
    return Polled(
        job_id=first and first.job_id,
        project=first and first.project,
        candidates=candidates,
        cancel=work.cancel,
        poll_after=work.poll_after,
        now=utcnow(),
    )


@blueprint.post("/jobs/<id:job_id>/status")
@runner_required
@speaks(Operation(body=StatusPost, answer=(StatusAnswer,), refuses=(409, 410)))
def post_status(runner: RunnerActor, job_id: int, body: StatusPost) -> StatusAnswer:
    """Claim a job, keep it, add to its log or end it."""
    standing = claims.post_status(News.unpack(runner, job_id, body))
    return StatusAnswer(
        status=standing.status,
        cancel=standing.cancel,
        lease_seconds=settings().lease_seconds,
        interval=standing.interval,
        ack=standing.ack,
        log_cap=settings().log_cap_bytes,
        log_full=logs.is_full(standing.ack) or None,
        payload=standing.payload,
        signature=standing.signature,
    )


def _candidate(row: Any) -> Candidate:  # noqa: ANN401 - a database row
    return Candidate(job_id=row.job_id, project=PolledProject.model_validate(row))
