"""Which runner a job goes to."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from app.errors import Invalid
from app.extensions import db
from app.models import DeploymentJob, Project, Release, Runner
from app.services.identity import RunnerActor
from deployr.states import Action


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A runner, or a label, or neither: then the owner's first and only runner may take it."""

    runner_id: int | None = None
    runs_on: str | None = None


def active_runners(user_id: int) -> list[Runner]:
    """Return the user's runners that are not revoked, oldest first."""
    query = select(Runner).where(Runner.user_id == user_id, Runner.revoked_at.is_(None))
    return list(db.session.scalars(query.order_by(Runner.id)))


def choose(project: Project, environment: str, action: Action) -> Destination:
    """Return where a job of the project goes. Raises Invalid when its owner has to say."""
    if action is Action.ROLLBACK and (holder := _release_holder(project, environment)):
        return Destination(runner_id=_usable(holder))
    if project.runs_on is not None:
        return Destination(runs_on=project.runs_on)
    if project.runner_id is not None:
        return Destination(runner_id=_usable(project.runner_id))
    runners = active_runners(project.user_id)
    if len(runners) > 1:
        raise _required(runners)
    return Destination(runner_id=runners[0].id) if runners else Destination()


def claimable_by(runner: RunnerActor) -> ColumnElement[bool]:
    """Return the condition under which a queued job may be claimed by `runner`."""
    job = DeploymentJob
    free = job.target_runner_id.is_(None)
    accepted = [job.target_runner_id == runner.id]
    if runner.labels:
        accepted.append(and_(free, job.runs_on.in_(runner.labels)))
    # Made before its owner had any runner; with several of them he has to choose first.
    others = select(Runner.id).where(
        Runner.user_id == runner.user_id, Runner.revoked_at.is_(None), Runner.id != runner.id
    )
    accepted.append(and_(free, job.runs_on.is_(None), ~others.exists()))
    return or_(*accepted)


def _release_holder(project: Project, environment: str) -> int | None:
    return db.session.scalar(
        select(Release.runner_id)
        .where(Release.project_id == project.id, Release.environment == environment)
        .order_by(Release.id.desc())
        .limit(1)
    )


def _usable(runner_id: int) -> int:
    runner = db.session.get_one(Runner, runner_id)
    if runner.revoked_at is None:
        return runner_id
    raise Invalid(
        "runner_revoked",
        f"The project's runner {runner.name} is revoked. Register a runner on that server "
        "(`deployr runners add`), then `deployr push --runner NAME`.",
    )


def _required(runners: list[Runner]) -> Invalid:
    names = ", ".join(f"{runner.name} (runner_id {runner.id})" for runner in runners)
    return Invalid(
        "runner_required",
        f"You have several runners and the project has no home yet: {names}. "
        "Choose one: `deployr push --runner NAME`, or runs_on in deploy.yaml.",
        choices=[{"runner_id": runner.id, "name": runner.name} for runner in runners],
    )
