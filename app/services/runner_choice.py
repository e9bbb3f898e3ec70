"""Which runner a job goes to."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Row,
    and_,
    bindparam,
    or_,
    select,
    union_all,
)

from app.errors import Invalid
from app.extensions import db
from app.models import DeploymentJob, Project, Runner, RunnerShare, User
from app.services.identity import RunnerActor
from app.services.rollbacks import release_holder
from deployr.states import Action
from deployr.wire import JobSpec


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A runner, or a label, or neither: then the first and only usable runner may take it."""

    runner_id: int | None = None
    runs_on: str | None = None


def usable_runners(user_id: int, project_id: int) -> list[Runner]:
    """Return the runners of a project of the user's: his own and those shared with it.

    Oldest first, without revoked ones.
    """
    active = select(Runner).where(Runner.revoked_at.is_(None))
    own = active.where(Runner.user_id == user_id)
    lent = active.where(Runner.user_id != user_id, Runner.id.in_(_lent_to(project_id)))
    # Each of the two is read from an index; an OR of both would read all runners.
    found = select(Runner).from_statement(union_all(own, lent))
    return sorted(db.session.scalars(found), key=lambda runner: runner.id)


def is_usable(runner: Runner, user_id: int, project_id: int | None) -> bool:
    """Tell whether a project of the user's, None: one that he makes now, may use `runner`."""
    if runner.revoked_at is not None:
        return False
    if runner.user_id == user_id or project_id is None:
        return runner.user_id == user_id
    return db.session.get(RunnerShare, (runner.id, project_id)) is not None


def choose(project: Project, spec: JobSpec) -> Destination:
    """Return where a job of the project goes.

    Raises Invalid when somebody has to say, Conflict when there is nothing to roll back to.
    """
    if spec.action is Action.ROLLBACK:
        holder = release_holder(project, spec.environment, spec.params.get("release"))
        return Destination(runner_id=_usable(project, holder))
    if project.runs_on is not None:
        return Destination(runs_on=project.runs_on)
    if project.runner_id is not None:
        return Destination(runner_id=_usable(project, project.runner_id))
    runners = usable_runners(project.user_id, project.id)
    if len(runners) > 1:
        raise _required(project, runners)
    return Destination(runner_id=runners[0].id) if runners else Destination()


def claimer(runner: RunnerActor) -> dict[str, Any]:
    """Return the parameters of the conditions below for `runner`."""
    return {"by_runner": runner.id, "by_user": runner.user_id, "by_labels": runner.labels}


_ME = bindparam("by_runner", type_=BigInteger)

OWN = Project.user_id == bindparam("by_user")
"""The condition under which a project is that of the runner's owner."""

LENT = Project.id.in_(select(RunnerShare.project_id).where(RunnerShare.runner_id == _ME))
"""The condition under which a runner is shared with a project."""

REACHED = or_(OWN, LENT)
"""The condition under which a project's jobs may be for a runner at all."""

PINNED = DeploymentJob.target_runner_id == _ME
"""The condition under which a job is for one runner and no other."""


def _alone() -> ColumnElement[bool]:
    others = select(Runner.id).where(Runner.revoked_at.is_(None), Runner.id != _ME)
    own = others.where(Runner.user_id == Project.user_id)
    lent = others.join(RunnerShare).where(RunnerShare.project_id == Project.id)
    # Scalars, as MariaDB would make a table of all runners from what EXISTS asks for.
    scalars = [each.correlate(Project).limit(1).scalar_subquery() for each in (own, lent)]
    return and_(*(each.is_(None) for each in scalars))


def _lent_to(project: Any) -> Any:  # noqa: ANN401 - an id or its column
    return select(RunnerShare.runner_id).where(RunnerShare.project_id == project)


_ALONE = _alone()
"""The condition under which a project has no other usable runner."""


def _shared() -> ColumnElement[bool]:
    job = DeploymentJob
    labels: BindParameter[str] = bindparam("by_labels", expanding=True)
    # Made before its project had any runner; with several of them somebody has to choose first.
    anyones = or_(job.runs_on.in_(labels), and_(job.runs_on.is_(None), _ALONE))
    return and_(job.target_runner_id.is_(None), anyones)


SHARED = _shared()
"""The condition under which a job is for one runner as well as for others."""

_IS_ALONE = select(Project.id).where(Project.id == bindparam("project"), _ALONE)


def may_take(runner: RunnerActor, row: Row[Any]) -> bool:
    """Tell whether a job of a project that `runner` reaches is for it: PINNED or SHARED."""
    if row.target_runner_id is not None:
        return bool(row.target_runner_id == runner.id)
    if row.label is not None:
        return row.label in runner.labels
    me = {"by_runner": runner.id, "project": row.project_id}
    return db.session.scalar(_IS_ALONE, me) is not None


def _usable(project: Project, runner_id: int) -> int:
    runner = db.session.get_one(Runner, runner_id)
    if is_usable(runner, project.user_id, project.id):
        return runner_id
    if runner.revoked_at is None:
        raise Invalid(
            "runner_unshared",
            f"The project's runner {runner.name} is no longer shared with it. Ask its owner "
            "(`deployr runners share`), or choose another one: `deployr push --runner NAME`.",
        )
    raise Invalid(
        "runner_revoked",
        f"The project's runner {runner.name} is revoked. Register a runner on that server "
        "(`deployr runners add`), then `deployr push --runner NAME`.",
    )


def _required(project: Project, runners: list[Runner]) -> Invalid:
    names = ", ".join(_described(project, runner) for runner in runners)
    return Invalid(
        "runner_required",
        f"There are several runners and the project has no home yet: {names}. "
        "Choose one: `deployr push --runner NAME`, or runs_on in deploy.yaml.",
        choices=[{"runner_id": runner.id, "name": runner.name} for runner in runners],
    )


def _described(project: Project, runner: Runner) -> str:
    if runner.user_id == project.user_id:
        return f"{runner.name} (runner_id {runner.id})"
    owner = db.session.get_one(User, runner.user_id)
    return f"{runner.name} of {owner.handle or owner.id} (runner_id {runner.id})"
