"""Runners, as their owners and the members of projects see them."""

from http import HTTPStatus

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import user_required
from app.schemas.common import PageQuery
from app.schemas.runners import CodeView, RunnerList, RunnerView, ShareRequest
from app.services import runner_rows, runners, shares
from app.services.identity import UserActor
from app.services.paging import Window
from app.services.runner_rows import SeenRunner
from deployr.roles import Scope

blueprint = Blueprint("runners", __name__, url_prefix="/api/runners")


@blueprint.get("")
@user_required(Scope.READ)
@speaks(Operation(query=PageQuery, answer=(RunnerList,)))
def index(user: UserActor, query: PageQuery) -> RunnerList:
    """List your runners and those shared with projects that you see, newest first."""
    page = runner_rows.list_runners(user, Window(limit=query.limit, before=query.before))
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


@blueprint.post("/<id:runner_id>/share")
@user_required(Scope.ADMIN)
@speaks(Operation(body=ShareRequest, answer=(RunnerView,)))
def share(user: UserActor, runner_id: int, body: ShareRequest) -> RunnerView:
    """Let a runner of yours take the jobs of a project of somebody else."""
    return _view(shares.share(user, runner_id, body.project_id))


@blueprint.post("/<id:runner_id>/unshare")
@user_required(Scope.ADMIN)
@speaks(Operation(body=ShareRequest, answer=(RunnerView,)))
def unshare(user: UserActor, runner_id: int, body: ShareRequest) -> RunnerView:
    """End a share: of a runner of yours, or with a project in which you are an owner."""
    return _view(shares.unshare(user, runner_id, body.project_id))


def _view(found: SeenRunner) -> RunnerView:
    runner = found.runner
    return RunnerView(
        id=runner.id,
        name=runner.name,
        owner_name=found.owner_name,
        mine=found.mine,
        projects=found.projects,
        status="online" if runners.is_online(runner) else "offline",
        labels=runner.labels.split(),
        capacity=runner.capacity,
        version=runner.version if found.mine else None,
        hostname=runner.hostname if found.mine else None,
        last_seen_at=runner.last_seen_at,
        created_at=runner.created_at,
        revoked_at=runner.revoked_at,
    )
