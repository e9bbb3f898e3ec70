"""The bytes that a runner acts on: checked when a client sends them, else written here."""

import base64
import secrets
from dataclasses import dataclass

from sqlalchemy import select

from app.clock import utcnow
from app.config import settings
from app.errors import Invalid
from app.extensions import db
from app.models import DeploymentJob, Project
from app.schemas.jobs import NewJob
from deployr.repo import branch_problem, name_problem, same_repo
from deployr.states import Action
from deployr.wire import (
    DEFAULT_ENVIRONMENT,
    MAX_PAYLOAD_BYTES,
    JobSpec,
    WireError,
    decode_base64,
)


@dataclass(frozen=True, kw_only=True)
class Order:
    """A job as it will be stored."""

    payload: bytes
    spec: JobSpec
    signature: str | None


def make_order(new: NewJob, project: Project) -> Order:
    """Return the order that `new` places for its project. Raises Invalid."""
    if new.payload is not None:
        return _given(new, new.payload, project)
    if new.signature is not None:
        raise Invalid.field("signature", "signs a payload, but there is none")
    now = int(utcnow().timestamp())
    spec = JobSpec(
        nonce=secrets.token_hex(16),
        project=project.name,
        project_id=project.id,
        repo=project.repo_url,
        branch=new.branch or project.branch,
        commit=new.commit or "",
        environment=new.environment or DEFAULT_ENVIRONMENT,
        action=new.action or Action.DEPLOY,
        iat=now,
        exp=now + int(settings().queue_ttl_seconds),
        unsigned=True,
    )
    return Order(payload=spec.to_bytes(), spec=spec, signature=None)


def encode(payload: bytes) -> str:
    """Return a payload as it travels."""
    return base64.b64encode(payload).decode("ascii")


def params_of(job_id: int) -> dict[str, str]:
    """Return the params that a job was made with."""
    stored = select(DeploymentJob.payload).where(DeploymentJob.id == job_id)
    return JobSpec.from_bytes(db.session.execute(stored).scalar_one()).params


def _given(new: NewJob, text: str, project: Project) -> Order:
    try:
        payload = decode_base64(text)
        spec = JobSpec.from_bytes(payload)
    except WireError as error:
        raise Invalid.field("payload", str(error)) from None
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Invalid.field("payload", f"is more than {MAX_PAYLOAD_BYTES} bytes")
    wrong = [
        {"field": f"payload.{field}", "message": f"differs from the {source}'s"}
        for field, source in _differences(new, spec, project)
    ]
    if wrong:
        fields = ", ".join(each["field"] for each in wrong)
        detail = f"The payload does not belong to this request: {fields}."
        raise Invalid("payload_mismatch", detail, errors=wrong)
    if problem := branch_problem(spec.branch):
        raise Invalid.field("payload.branch", problem)
    if problem := name_problem(spec.environment):
        raise Invalid.field("payload.environment", problem)
    return Order(payload=payload, spec=spec, signature=new.signature)


def _differences(new: NewJob, spec: JobSpec, project: Project) -> list[tuple[str, str]]:
    found = []
    if spec.project != project.name:
        found.append(("project", "project"))
    if spec.project_id not in {None, project.id}:
        found.append(("project_id", "project"))
    if not same_repo(spec.repo, project.repo_url):
        found.append(("repo", "project"))
    for field in ("branch", "commit", "environment", "action"):
        asked = getattr(new, field)
        if asked is not None and asked != getattr(spec, field):
            found.append((field, "request"))
    return found
