"""Members of a project."""

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import user_required
from app.schemas.projects import Deleted
from app.schemas.teams import MemberList, MemberView, RoleChange
from app.services import members
from app.services.identity import UserActor
from deployr.roles import Scope

blueprint = Blueprint("members", __name__, url_prefix="/api/projects/<id:project_id>/members")


@blueprint.get("")
@user_required(Scope.READ)
@speaks(Operation(answer=(MemberList,)))
def index(user: UserActor, project_id: int) -> MemberList:
    """List who sees a project, the one who owns it first."""
    found = members.list_members(user, project_id)
    return MemberList(members=[MemberView.model_validate(each) for each in found])


@blueprint.post("/<id:user_id>")
@user_required(Scope.ADMIN)
@speaks(Operation(body=RoleChange, answer=(MemberView,), refuses=(409,)))
def change(user: UserActor, project_id: int, user_id: int, body: RoleChange) -> MemberView:
    """Give a member another role."""
    return MemberView.model_validate(members.change_role(user, project_id, user_id, body.role))


@blueprint.post("/<id:user_id>/delete")
@user_required(Scope.ADMIN)
@speaks(Operation(answer=(Deleted,), refuses=(409,)))
def remove(user: UserActor, project_id: int, user_id: int) -> Deleted:
    """Take a project from a member, or leave it oneself."""
    members.remove_member(user, project_id, user_id)
    return Deleted(deleted=True)
