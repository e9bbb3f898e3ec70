"""Projects that a user sees."""

from http import HTTPStatus

from flask import Blueprint

from app.api import Operation, Replay, speaks
from app.auth import user_required
from app.schemas.projects import (
    Deleted,
    NewProject,
    ProjectChange,
    ProjectList,
    ProjectQuery,
    ProjectView,
)
from app.services import project_rows, projects
from app.services.idempotency import RequestKey
from app.services.identity import UserActor
from app.services.paging import Window
from deployr.roles import Scope

blueprint = Blueprint("projects", __name__, url_prefix="/api/projects")


@blueprint.post("")
@user_required(Scope.ADMIN)
@speaks(
    Operation(
        body=NewProject,
        answer=(ProjectView,),
        status=HTTPStatus.CREATED,
        refuses=(409,),
        repeatable=True,
    )
)
def create(user: UserActor, body: NewProject, key: RequestKey | None) -> ProjectView | Replay:
    """Create a project."""
    project, is_new = projects.create_project(user, body, key)
    view = ProjectView.model_validate(project)
    return view if is_new else Replay(answer=view)


@blueprint.get("")
@user_required(Scope.READ)
@speaks(Operation(query=ProjectQuery, answer=(ProjectList,)))
def index(user: UserActor, query: ProjectQuery) -> ProjectList:
    """List projects, newest first."""
    window = Window(limit=query.limit, before=query.before)
    page = project_rows.list_projects(user, window, query.name)
    views = [ProjectView.model_validate(row) for row in page.rows]
    return ProjectList(projects=views, next=page.next)


@blueprint.get("/<id:project_id>")
@user_required(Scope.READ)
@speaks(Operation(answer=(ProjectView,)))
def show(user: UserActor, project_id: int) -> ProjectView:
    """Show a project."""
    return ProjectView.model_validate(project_rows.get_project(user, project_id))


@blueprint.post("/<id:project_id>")
@user_required(Scope.ADMIN)
@speaks(Operation(body=ProjectChange, answer=(ProjectView,), refuses=(409,)))
def change(user: UserActor, project_id: int, body: ProjectChange) -> ProjectView:
    """Change the given fields of a project."""
    return ProjectView.model_validate(projects.update_project(user, project_id, body))


@blueprint.post("/<id:project_id>/delete")
@user_required(Scope.ADMIN)
@speaks(Operation(answer=(Deleted,), refuses=(409,)))
def delete(user: UserActor, project_id: int) -> Deleted:
    """Delete a project with its jobs and logs; the deployed app stays where it is."""
    projects.delete_project(user, project_id)
    return Deleted(deleted=True)
