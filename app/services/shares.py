"""Runners that their owners share with projects of others."""

from sqlalchemy import ColumnElement, delete

from app.clock import utcnow
from app.errors import Invalid, NotFound
from app.extensions import db
from app.models import Runner, RunnerShare
from app.services import audit
from app.services.audit import Act
from app.services.identity import UserActor
from app.services.policy import held_project_for, project_for
from app.services.runner_rows import SeenRunner, seen
from app.services.transactions import transaction
from deployr.roles import Role


def share(user: UserActor, runner_id: int, project_id: int) -> SeenRunner:
    """Let a runner of the user's take the jobs of a project that he may deploy.

    Raises NotFound, Forbidden, Invalid for a project of his own.
    """
    _share(user, runner_id, project_id)
    return seen(user, runner_id)


def unshare(user: UserActor, runner_id: int, project_id: int) -> SeenRunner:
    """End a share, as the runner's owner or an owner of the project.

    Jobs that the runner has claimed stay its own. Raises NotFound, Forbidden.
    """
    _unshare(user, runner_id, project_id)
    return seen(user, runner_id)


def end_shares_with(project_id: int) -> None:
    """End all shares with a project. Inside a transaction.

    For one whose name or repository changes: it must not reach another app on somebody's server.
    """
    _end(RunnerShare.project_id == project_id)


def end_shares_by(runner_id: int) -> None:
    """End all shares of a runner. Inside a transaction."""
    _end(RunnerShare.runner_id == runner_id)


@transaction
def _share(user: UserActor, runner_id: int, project_id: int) -> None:
    # Who is removed from the project, or revokes the runner, waits and ends this share too.
    project = held_project_for(user, project_id, Role.DEPLOYER)
    runner = db.session.get(Runner, runner_id, with_for_update=True)
    if runner is None or runner.user_id != user.id or runner.revoked_at is not None:
        raise NotFound("runner")
    if project.user_id == user.id:
        raise Invalid.field("project_id", "is yours: all your runners take its jobs anyway")
    if db.session.get(RunnerShare, (runner_id, project_id)) is None:
        now = utcnow()
        db.session.add(RunnerShare(runner_id=runner_id, project_id=project_id, created_at=now))
        _note(Act.RUNNER_SHARED, user, runner, project_id)


@transaction
def _unshare(user: UserActor, runner_id: int, project_id: int) -> None:
    runner = db.session.get(Runner, runner_id)
    is_mine = runner is not None and runner.user_id == user.id
    project_for(user, project_id, Role.VIEWER if is_mine else Role.OWNER)
    known = db.session.get(RunnerShare, (runner_id, project_id))
    if runner is None or known is None:
        raise NotFound("share")
    _end(RunnerShare.runner_id == runner_id, RunnerShare.project_id == project_id)
    _note(Act.RUNNER_UNSHARED, user, runner, project_id)


def _end(*which: ColumnElement[bool]) -> None:
    db.session.execute(delete(RunnerShare).where(*which))


def _note(act: Act, user: UserActor, runner: Runner, project_id: int) -> None:
    audit.record(act, user.label, runner.label, user_id=runner.user_id, project_id=project_id)
