"""Which release a rollback goes to, and whether it may."""

from dataclasses import dataclass
from typing import NoReturn

from pydantic import ValidationError

from deployr.detect import RECOGNISED_BY, detect_framework
from deployr.manifest import Manifest
from deployr.states import Reason

from .. import releases
from ..context import Context
from ..errors import JobFailedError
from ..policy import check_restarts
from ..preflight import problems_of
from ..preflight.account import public_of
from ..recipes import RECIPES
from ..releases import Record

FORCE = "yes"
MAX_NAMED = 10


@dataclass(frozen=True)
class Goal:
    """Find the release to go back to, and keep other deployments out."""

    name: str = "goal"

    def plan(self, ctx: Context) -> list[str]:
        return [f"go back to {ctx.task.spec.params.get('release') or 'the release before'}"]

    def run(self, ctx: Context) -> None:
        if not ctx.target.exists():
            _refuse(f"nothing was ever deployed to {ctx.task.root}")
        if problems := problems_of(ctx.target.findings(ctx.task.entry)):
            raise JobFailedError(Reason.PREFLIGHT_FAILED, "\n".join(problems))
        ctx.target.prepare()
        if not ctx.target.lock():
            _refuse(f"another deployment is working in {ctx.task.root}; try again when it is done")
        goal = _goal(ctx)
        _check_schema(ctx, goal)
        ctx.goal, ctx.release, ctx.commit = goal, goal.release, goal.commit
        ctx.built = ctx.target.look_into(goal.release, (*RECOGNISED_BY, "server.js"))
        ctx.recipe = RECIPES[goal.framework or detect_framework(ctx.built)]
        ctx.target.serve(public_of(ctx.built, ctx.recipe))
        ctx.manifest = _manifest(goal)
        check_restarts(ctx.manifest, ctx.task.may_restart)
        ctx.lifeline.limit(ctx.manifest.deploy.timeout, ctx.started)
        ctx.log.line(f"from {ctx.target.live_release()} to {goal.release}, commit {goal.commit}")

    def undo(self, ctx: Context) -> None:
        """The lock is given back when the job ends, whichever way."""


def _goal(ctx: Context) -> Record:
    """Return the release that is asked for. Raises JobFailedError with those that there are."""
    records, present = ctx.target.records(), ctx.target.present()
    live = ctx.target.live_release()
    wanted = ctx.task.spec.params.get("release")
    name = wanted or (releases.previous(records, present, live) if live else None)
    good = [one for one in present if one in records and records[one].state == "good"]
    choice = ", ".join([one for one in good if one != live][-MAX_NAMED:]) or "none"
    if name is None:
        _refuse(f"there is no good release before {live}; good ones: {choice}")
    if name == live:
        _refuse(f"the release {name} is live already; others that are good: {choice}")
    if name not in good:
        known = records.get(name)
        what = "is " + known.state if known and known.state != "good" else "is not on this server"
        _refuse(f"the release {name!r} {what}; good ones: {choice}")
    return records[name]


def _check_schema(ctx: Context, goal: Record) -> None:
    """Old code meets the new database: only who asked for it may have that."""
    ran = releases.ran_since(ctx.target.records(), goal.release)
    if not ran:
        return
    said = (
        f"{len(ran)} migrations ran after {goal.release}: {', '.join(ran[-MAX_NAMED:])}. "
        "A rollback does not take them back"
    )
    if ctx.task.spec.params.get("force") != FORCE:
        _refuse(f"{said}; if the older code works with them, add --force")
    ctx.log.line(f"warning: {said}")


def _manifest(goal: Record) -> Manifest:
    try:
        return Manifest.model_validate(goal.manifest)
    except ValidationError:  # of a version that had other keys
        return Manifest()


def _refuse(detail: str) -> NoReturn:
    raise JobFailedError(Reason.PREFLIGHT_FAILED, detail)
