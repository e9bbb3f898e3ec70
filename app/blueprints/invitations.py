"""Invitations to projects: made by their owners, answered by whoever is invited."""

from http import HTTPStatus

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import user_required
from app.schemas.common import PageQuery
from app.schemas.projects import Deleted, ProjectView
from app.schemas.teams import (
    InvitationList,
    InvitationView,
    MyInvitationList,
    MyInvitationView,
    NewInvitation,
)
from app.services import invitations, project_rows
from app.services.identity import UserActor
from app.services.paging import Window
from deployr.roles import Scope

blueprint = Blueprint("invitations", __name__, url_prefix="/api")


@blueprint.post("/projects/<id:project_id>/invitations")
@user_required(Scope.ADMIN)
@speaks(
    Operation(
        body=NewInvitation, answer=(InvitationView,), status=HTTPStatus.CREATED, refuses=(409,)
    )
)
def create(user: UserActor, project_id: int, body: NewInvitation) -> InvitationView:
    """Offer a role in a project to whoever has a GitHub login."""
    return InvitationView.model_validate(invitations.invite(user, project_id, body))


@blueprint.get("/projects/<id:project_id>/invitations")
@user_required(Scope.READ)
@speaks(Operation(answer=(InvitationList,)))
def index(user: UserActor, project_id: int) -> InvitationList:
    """List the open invitations of a project, newest first."""
    found = invitations.list_invitations(user, project_id)
    return InvitationList(invitations=[InvitationView.model_validate(row) for row in found])


@blueprint.post("/projects/<id:project_id>/invitations/<id:invitation_id>/delete")
@user_required(Scope.ADMIN)
@speaks(Operation(answer=(Deleted,)))
def withdraw(user: UserActor, project_id: int, invitation_id: int) -> Deleted:
    """Take an invitation back."""
    invitations.withdraw(user, project_id, invitation_id)
    return Deleted(deleted=True)


@blueprint.get("/invitations")
@user_required(Scope.READ)
@speaks(Operation(query=PageQuery, answer=(MyInvitationList,)))
def mine(user: UserActor, query: PageQuery) -> MyInvitationList:
    """List the open invitations to my GitHub login, newest first."""
    page = invitations.list_mine(user, Window(limit=query.limit, before=query.before))
    views = [MyInvitationView.model_validate(row) for row in page.rows]
    return MyInvitationList(invitations=views, next=page.next)


@blueprint.post("/invitations/<id:invitation_id>/accept")
@user_required(Scope.ADMIN)
@speaks(Operation(answer=(ProjectView,)))
def accept(user: UserActor, invitation_id: int) -> ProjectView:
    """Become a member; return the project."""
    project_id = invitations.accept(user, invitation_id)
    return ProjectView.model_validate(project_rows.get_project(user, project_id))


@blueprint.post("/invitations/<id:invitation_id>/decline")
@user_required(Scope.ADMIN)
@speaks(Operation(answer=(Deleted,)))
def decline(user: UserActor, invitation_id: int) -> Deleted:
    """Turn an invitation down."""
    invitations.decline(user, invitation_id)
    return Deleted(deleted=True)
