"""Members of projects and invitations on the wire."""

from typing import Annotated

from pydantic import AfterValidator, Field

from app.schemas.common import Answer, Moment, UserRequest
from deployr.roles import Role

GithubLogin = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]{0,38}$"), AfterValidator(str.lower)
]
"""GitHub ignores case; the underscore is in logins that a company manages."""


class RoleChange(UserRequest):
    """What a member may do from now on."""

    role: Role


class NewInvitation(UserRequest):
    """Somebody to invite, whether or not he has an account here."""

    github_login: GithubLogin
    role: Role


class MemberView(Answer):
    """A member of a project."""

    user_id: int
    handle: str
    github_login: str | None
    name: str
    role: Role
    primary: bool
    """He owns the project: its full name begins with his handle."""
    since: Moment


class MemberList(Answer):
    """All members of a project, the one who owns it first."""

    members: list[MemberView]


class InvitationView(Answer):
    """An invitation, as the owners of its project see it."""

    id: int
    github_login: str
    role: Role
    invited_by: str
    """Handle."""
    expires_at: Moment
    created_at: Moment


class InvitationList(Answer):
    """All open invitations of a project, newest first."""

    invitations: list[InvitationView]


class MyInvitationView(Answer):
    """An invitation, as the invited one sees it: all that he learns of the project."""

    id: int
    project: str
    """Its full name."""
    role: Role
    invited_by: str
    """Handle."""
    expires_at: Moment


class MyInvitationList(Answer):
    """A page of the open invitations to me, newest first."""

    invitations: list[MyInvitationView]
    next: int | None
