"""Projects: made, changed and deleted."""

from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.errors import Conflict, Forbidden, Invalid
from app.extensions import db
from app.models import (
    DeploymentJob,
    Invitation,
    JobLog,
    JobStep,
    Project,
    ProjectMember,
    Release,
    Runner,
)
from app.schemas.projects import NewProject, ProjectChange
from app.services import audit
from app.services.archive import forget
from app.services.audit import Act
from app.services.idempotency import RequestKey, made_before, remember
from app.services.identity import UserActor
from app.services.policy import held_project_for
from app.services.project_rows import get_project
from app.services.queue import BITE, UNFINISHED, WAITING
from app.services.runner_choice import is_usable
from app.services.shares import end_shares_with
from app.services.transactions import transaction
from deployr.roles import Role
from deployr.states import Action


def create_project(
    user: UserActor, new: NewProject, key: RequestKey | None = None
) -> tuple[Row[Any], bool]:
    """Return a project and whether it is new: it is not when `key` has made it before.

    Raises Conflict `name_taken`, Invalid.
    """
    if made := made_before(user.id, key):
        return get_project(user, made), False
    try:
        return get_project(user, _insert(user, new, key)), True
    except IntegrityError:
        if made := made_before(user.id, key):  # the same request came twice at once
            return get_project(user, made), False
        raise _name_taken(new.name) from None


def update_project(user: UserActor, project_id: int, change: ProjectChange) -> Row[Any]:
    """Change the fields that `change` names.

    Raises NotFound, Forbidden, Conflict `name_taken`, Invalid.
    """
    try:
        _update(user, project_id, change)
    except IntegrityError:
        raise _name_taken(str(change.name)) from None
    return get_project(user, project_id)


def delete_project(user: UserActor, project_id: int) -> None:
    """Delete a project and its history. Raises NotFound, Conflict `job_active`."""
    try:
        _delete(user, project_id)
    except IntegrityError:  # a job came in between
        raise _job_active() from None


@transaction
def _insert(user: UserActor, new: NewProject, key: RequestKey | None) -> int:
    _check_runner(new.runner_id, user.id)
    now = utcnow()
    project = Project(user_id=user.id, created_at=now, updated_at=now, **new.model_dump())
    db.session.add(project)
    db.session.flush()
    remember(user.id, key, project.id)
    _tell(Act.PROJECT_CREATED, user, project, repo_url=project.repo_url)
    return project.id


@transaction
def _update(user: UserActor, project_id: int, change: ProjectChange) -> None:
    project = held_project_for(user, project_id, Role.OWNER)  # so that no share comes in between
    values = change.model_dump(exclude_unset=True)
    _check_runner(values.get("runner_id"), project.user_id, project.id)
    changed = {
        field: [old, value]
        for field, value in values.items()
        if (old := getattr(project, field)) != value
    }
    if "name" in changed and project.user_id != user.id:
        raise _not_primary_owner()
    for field, value in values.items():
        setattr(project, field, value)
    project.updated_at = utcnow()
    if values.keys() & {"runner_id", "runs_on"}:
        _redirect_waiting(project)
    if changed.keys() & {"name", "repo_url"}:
        end_shares_with(project.id)
    if changed:
        _tell(Act.PROJECT_CHANGED, user, project, changed=changed)


def _redirect_waiting(project: Project) -> None:
    """Send jobs that nobody has claimed to the new home; a rollback stays with its release."""
    job = DeploymentJob
    db.session.execute(
        update(job)
        .where(job.project_id == project.id, job.status.in_(WAITING), job.action != Action.ROLLBACK)
        .values(
            target_runner_id=None if project.runs_on else project.runner_id,
            runs_on=project.runs_on,
            version=job.version + 1,
        )
    )


@transaction
def _delete(user: UserActor, project_id: int) -> None:
    project = held_project_for(user, project_id, Role.OWNER)  # so that nobody joins meanwhile
    jobs = select(DeploymentJob.id).where(DeploymentJob.project_id == project.id)
    if db.session.scalar(jobs.where(DeploymentJob.status.in_(UNFINISHED)).limit(1)):
        raise _job_active()
    ids = list(db.session.scalars(jobs))
    forget(ids)
    for child in (Release, ProjectMember, Invitation):
        db.session.execute(delete(child).where(child.project_id == project.id))
    end_shares_with(project.id)
    # A bite at a time: to delete gigabytes of logs takes longer than a statement may.
    for start in range(0, len(ids), BITE):
        for part in (JobLog, JobStep):
            bite = part.job_id.in_(ids[start : start + BITE])
            db.session.execute(delete(part).where(bite))
    db.session.execute(delete(DeploymentJob).where(DeploymentJob.project_id == project.id))
    db.session.delete(project)
    _tell(Act.PROJECT_DELETED, user, project)


def _tell(act: Act, user: UserActor, project: Project, **detail: object) -> None:
    """Add an event that its primary owner still sees when the project is gone."""
    thing = f"project:{project.id} {project.name}"
    owner, project_id = project.user_id, project.id
    audit.record(act, user.label, thing, user_id=owner, project_id=project_id, **detail)


def _check_runner(runner_id: int | None, user_id: int, project_id: int | None = None) -> None:
    if runner_id is None:
        return
    runner = db.session.get(Runner, runner_id)
    if runner is None or not is_usable(runner, user_id, project_id):
        whose = "is none of the project owner's runners, nor one that is shared with the project"
        raise Invalid.field("runner_id", whose)


def _name_taken(name: str) -> Conflict:
    return Conflict("name_taken", f"You have a project named {name} already; take another name.")


def _not_primary_owner() -> Forbidden:
    # It would also tell a member which names the other projects have that he can't see.
    detail = "A project is renamed by whoever it belongs to; `deployr members list` shows who."
    return Forbidden("not_primary_owner", detail)


def _job_active() -> Conflict:
    return Conflict("job_active", "A job of the project is unfinished: wait for it or cancel it.")
