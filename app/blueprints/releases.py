"""Releases of a project."""

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import user_required
from app.schemas.releases import ReleaseList, ReleasesQuery, ReleaseView
from app.services import releases
from app.services.identity import UserActor
from app.services.paging import Window
from deployr.roles import Scope

blueprint = Blueprint("releases", __name__, url_prefix="/api/projects")


@blueprint.get("/<id:project_id>/releases")
@user_required(Scope.READ)
@speaks(Operation(query=ReleasesQuery, answer=(ReleaseList,)))
def index(user: UserActor, project_id: int, query: ReleasesQuery) -> ReleaseList:
    """List the releases of a project, newest first."""
    window = Window(limit=query.limit, before=query.before)
    page = releases.list_releases(user, project_id, window, query.environment)
    views = [ReleaseView.model_validate(row) for row in page.rows]
    return ReleaseList(releases=views, next=page.next)
