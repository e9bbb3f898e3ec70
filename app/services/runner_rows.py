"""Runners as their owners see them, and the members of projects that they are shared with."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, or_, select

from app.extensions import db
from app.models import Project, Runner, RunnerShare, User
from app.services.handles import FULL_NAME, HANDLE
from app.services.identity import UserActor
from app.services.paging import Page, Window
from app.services.policy import visible_to


@dataclass(frozen=True, kw_only=True)
class SeenRunner:
    """A runner as a user sees it."""

    runner: Runner
    owner_name: str
    mine: bool
    projects: tuple[str, ...]
    """Full names of those that it is shared with and the user sees."""


def list_runners(user: UserActor, window: Window) -> Page[SeenRunner]:
    """Return a page of the user's runners, revoked ones too, and of those shared with him."""
    shared = select(RunnerShare.runner_id).join(Project).where(visible_to(user.id))
    mine = or_(Runner.user_id == user.id, Runner.id.in_(shared))
    rows = list(db.session.execute(window.select(_selection().where(mine), Runner.id)))
    return window.page(_seen(user, rows), [row.Runner.id for row in rows])


def seen(user: UserActor, runner_id: int) -> SeenRunner:
    """Return a runner that is there, as the user sees it."""
    (found,) = _seen(user, list(db.session.execute(_selection().where(Runner.id == runner_id))))
    return found


def _selection() -> Select[Any]:
    columns: list[Any] = [Runner, HANDLE.label("owner_name")]
    return select(*columns).join_from(Runner, User, User.id == Runner.user_id)


def _seen(user: UserActor, rows: list[Row[Any]]) -> list[SeenRunner]:
    shares = (
        select(RunnerShare.runner_id, FULL_NAME.label("project"))
        .join_from(RunnerShare, Project, Project.id == RunnerShare.project_id)
        .join(User, User.id == Project.user_id)
        .where(RunnerShare.runner_id.in_([row.Runner.id for row in rows]), visible_to(user.id))
    )
    names: defaultdict[int, list[str]] = defaultdict(list)
    for share in db.session.execute(shares.order_by(RunnerShare.created_at, Project.id)):
        names[share.runner_id].append(share.project)
    return [
        SeenRunner(
            runner=row.Runner,
            owner_name=row.owner_name,
            mine=row.Runner.user_id == user.id,
            projects=tuple(names[row.Runner.id]),
        )
        for row in rows
    ]
