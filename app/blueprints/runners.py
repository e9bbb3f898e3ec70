"""Runners, as their owner sees them."""

from http import HTTPStatus

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import user_required
from app.models import Runner
from app.schemas.common import PageQuery
from app.schemas.runners import CodeView, RunnerList, RunnerView
from app.services import runners
from app.services.identity import UserActor
from app.services.paging import Window
from deployr.roles import Scope

blueprint = Blueprint("runners", __name__, url_prefix="/api/runners")


@blueprint.get("")
@user_required(Scope.READ)
@speaks(Operation(query=PageQuery, answer=(RunnerList,)))
def index(user: UserActor, query: PageQuery) -> RunnerList:
    """List runners, newest first."""
    page = runners.list_runners(user, Window(limit=query.limit, before=query.before))
    return RunnerList(runners=[_view(row) for row in page.rows], next=page.next)


@blueprint.post("/codes")
@user_required(Scope.ADMIN)
@speaks(Operation(answer=(CodeView,), status=HTTPStatus.CREATED))
def create_code(user: UserActor) -> CodeView:
    """Make a code with which one runner can register."""
    code, expires_at = runners.create_code(user)
    return CodeView(code=code, expires_at=expires_at)


@blueprint.post("/<id:runner_id>/revoke")
@user_required(Scope.ADMIN)
@speaks(Operation(answer=(RunnerView,)))
def revoke(user: UserActor, runner_id: int) -> RunnerView:
    """Make a runner's token stop working."""
    return _view(runners.revoke_runner(user, runner_id))


def _view(runner: Runner) -> RunnerView:
    return RunnerView(
        id=runner.id,
        name=runner.name,
        status="online" if runners.is_online(runner) else "offline",
        labels=runner.labels.split(),
        capacity=runner.capacity,
        version=runner.version,
        hostname=runner.hostname,
        last_seen_at=runner.last_seen_at,
        created_at=runner.created_at,
        revoked_at=runner.revoked_at,
    )
