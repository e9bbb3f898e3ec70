"""Which runner a job goes to."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, and_, bindparam, or_, select

from app.errors import Invalid
from app.extensions import db
from app.models import DeploymentJob, Project, Runner
from app.services.identity import RunnerActor
from app.services.rollbacks import release_holder
from deployr.states import Action
from deployr.wire import JobSpec


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A runner, or a label, or neither: then the owner's first and only runner may take it."""

    runner_id: int | None = None
    runs_on: str | None = None


def active_runners(user_id: int) -> list[Runner]:
    """Return the user's runners that are not revoked, oldest first."""
    query = select(Runner).where(Runner.user_id == user_id, Runner.revoked_at.is_(None))
    return list(db.session.scalars(query.order_by(Runner.id)))


def choose(project: Project, spec: JobSpec) -> Destination:
    """Return where a job of the project goes.

    Raises Invalid when its owner has to say, Conflict when there is nothing to roll back to.
    """
    if spec.action is Action.ROLLBACK:
        holder = release_holder(project, spec.environment, spec.params.get("release"))
        return Destination(runner_id=_usable(holder))
    if project.runs_on is not None:
        return Destination(runs_on=project.runs_on)
    if project.runner_id is not None:
        return Destination(runner_id=_usable(project.runner_id))
    runners = active_runners(project.user_id)
    if len(runners) > 1:
        raise _required(runners)
    return Destination(runner_id=runners[0].id) if runners else Destination()


def claimer(runner: RunnerActor) -> dict[str, Any]:
    """Return the parameters of PINNED and SHARED for `runner`."""
    return {"by_runner": runner.id, "by_user": runner.user_id, "by_labels": runner.labels}


_ME = bindparam("by_runner", type_=BigInteger)

PINNED = DeploymentJob.target_runner_id == _ME
"""The condition under which a job is for one runner and no other."""


_OTHERS = select(Runner.id).where(
    Runner.user_id == bindparam("by_user"), Runner.revoked_at.is_(None), Runner.id != _ME
)


def _shared() -> ColumnElement[bool]:
    job = DeploymentJob
    labels: BindParameter[str] = bindparam("by_labels", expanding=True)
    # Made before its owner had any runner; with several of them he has to choose first.
    anyones = or_(job.runs_on.in_(labels), and_(job.runs_on.is_(None), ~_OTHERS.exists()))
    return and_(job.target_runner_id.is_(None), anyones)


SHARED = _shared()
"""The condition under which a job is for one runner as well as for others."""


def may_take(runner: RunnerActor, target_runner_id: int | None, runs_on: str | None) -> bool:
    """Tell whether a job of the runner's owner is for `runner`: PINNED or SHARED of one job."""
    if target_runner_id is not None:
        return target_runner_id == runner.id
    if runs_on is not None:
        return runs_on in runner.labels
    me = {"by_runner": runner.id, "by_user": runner.user_id}
    return db.session.scalar(_OTHERS.limit(1), me) is None


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
