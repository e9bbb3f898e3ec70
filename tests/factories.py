"""Things that tests need, made as their owners would make them, with defaults for the rest."""

import base64
import itertools
from typing import Any

from flask import Flask

from app.clock import utcnow
from app.extensions import db
from app.models import ProjectMember, User
from app.services.accounts import create_user
from deployr.logchunk import LogChunk
from deployr.wire import JobSpec, Report
from tests.support.backend import START, Api

REPO = "https://git.example/ada/shop.git"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

_numbers = itertools.count(1)


def make_user(app: Flask, name: str = "Ada", email: str | None = None) -> Api:
    """Return the API as a new user."""
    with app.app_context():
        user, token = create_user(name, email or f"{name.lower()}-{next(_numbers)}@example.com")
        return Api(app, token, user.id)


def make_project(user: Api, **fields: object) -> dict[str, Any]:
    """Return a new project."""
    name = f"shop-{next(_numbers)}"
    project: dict[str, Any] = user.write("/api/projects", {"name": name, "repo_url": REPO} | fields)
    return project


def make_member(project: dict[str, Any], user: Api, role: str = "deployer") -> None:
    """Make a user a member of somebody else's project, as if he had been invited."""
    ids = {"project_id": project["id"], "user_id": user.id}
    with user.app.app_context():
        db.session.add(ProjectMember(**ids, role=role, created_at=utcnow()))
        db.session.commit()


def link_github(user: Api, login: str) -> None:
    """Give a user a GitHub account, as if he had signed in with it."""
    with user.app.app_context():
        row = db.session.get_one(User, user.id)
        row.github_id, row.github_login = f"id-of-{user.id}", login
        db.session.commit()


def make_invitation(
    owner: Api, project: dict[str, Any], login: str, role: str = "deployer"
) -> dict[str, Any]:
    """Return a new invitation of whoever has this GitHub login."""
    path = f"/api/projects/{project['id']}/invitations"
    invitation: dict[str, Any] = owner.write(path, github_login=login, role=role)
    return invitation


def make_runner(user: Api, name: str | None = None, **fields: object) -> Api:
    """Return the API as a new runner."""
    code = user.write("/api/runners/codes")["code"]
    body = {"code": code, "name": name or f"web-{next(_numbers)}"} | fields
    answer = Api(user.app).write("/api/runner/register", body)
    return Api(user.app, answer["token"], answer["runner_id"])


def make_job(user: Api, project: dict[str, Any] | None = None, **fields: object) -> dict[str, Any]:
    """Return a new job, of a new project unless one is given."""
    project = project or make_project(user)
    job: dict[str, Any] = user.write("/api/jobs", {"project_id": project["id"]} | fields)
    return job


def make_spec(project: dict[str, Any], /, **fields: object) -> JobSpec:
    """Return what a CLI signs for a job of the project."""
    start = int(START.timestamp())
    values = {
        "nonce": f"nonce-{next(_numbers):04}",
        "project": project["name"],
        "repo": project["repo_url"],
        "branch": "main",
        "commit": COMMIT,
        "iat": start,
        "exp": start + 900,
    }
    return JobSpec.model_validate(values | fields)


def claim(runner: Api, job: dict[str, Any], claim_id: str = "claim-1") -> dict[str, Any]:
    """Claim a job and return the answer."""
    path = f"/api/runner/jobs/{job['id']}/status"
    answer: dict[str, Any] = runner.write(path, status="running", claim_id=claim_id)
    return answer


def finish(
    runner: Api, job: dict[str, Any], status: str = "completed", **fields: object
) -> dict[str, Any]:
    """End a claimed job and return the answer."""
    path = f"/api/runner/jobs/{job['id']}/status"
    body = {"status": status, "claim_id": "claim-1"} | fields
    answer: dict[str, Any] = runner.write(path, body)
    return answer


def chunk(off: int, raw: bytes) -> dict[str, Any]:
    """Return a piece of a log as it travels."""
    return LogChunk.pack(off, raw).model_dump()


def report(**fields: object) -> str:
    """Return a report as it travels."""
    return Report.model_validate(fields).to_data()


def encoded(raw: bytes) -> str:
    """Return base64."""
    return base64.b64encode(raw).decode()
