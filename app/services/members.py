"""Members of projects: who has which role in somebody else's project."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, delete, select

from app.errors import Conflict, NotFound
from app.extensions import db
from app.models import Invitation, Project, ProjectMember, Runner, RunnerShare, User
from app.services import audit
from app.services.handles import HANDLE
from app.services.identity import UserActor
from app.services.policy import held_project_for, project_for
from app.services.transactions import transaction
from deployr.roles import Role


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody who sees a project."""

    user_id: int
    handle: str
    github_login: str | None
    name: str
    role: Role
    primary: bool
    """The project is his."""
    since: datetime

    @property
    def label(self) -> str:
        """What the audit log calls him."""
        return f"user:{self.user_id} {self.handle}"


def list_members(user: UserActor, project_id: int) -> list[Member]:
    """Return who sees a project: its primary owner, then by when they came. Raises NotFound."""
    return members_of(project_for(user, project_id, Role.VIEWER))


def members_of(project: Project) -> list[Member]:
    """Return who sees a project: its primary owner, then by when they came."""
    joined = ProjectMember
    columns = (User.id, HANDLE, User.github_login, User.name)
    owner = db.session.execute(select(*columns).where(User.id == project.user_id)).one()
    others = (
        select(*columns, joined.role, joined.created_at)
        .join_from(joined, User, User.id == joined.user_id)
        .where(joined.project_id == project.id)
        .order_by(joined.created_at, joined.user_id)
    )
    rows = [(*owner, Role.OWNER, project.created_at), *db.session.execute(others)]
    return [
        Member(
            user_id=user_id,
            handle=handle,
            github_login=login,
            name=name,
            role=Role(role),
            primary=user_id == project.user_id,
            since=since,
        )
        for user_id, handle, login, name, role, since in rows
    ]


@transaction
def change_role(user: UserActor, project_id: int, user_id: int, role: Role) -> Member:
    """Give a member another role. Raises NotFound, Forbidden, Conflict `primary_owner`."""
    project = held_project_for(user, project_id, Role.OWNER)
    before = _member(project, user_id)
    db.session.get_one(ProjectMember, (project.id, user_id)).role = role
    db.session.flush()
    after = _member(project, user_id)
    if after != before:
        detail = end_what_needs_more(project_id, user_id, role)
        detail |= {"role": role, "before": before.role}
        _record(audit.Act.MEMBER_CHANGED, user, project, after, detail)
    return after


@transaction
def remove_member(user: UserActor, project_id: int, user_id: int) -> None:
    """Take a project from a member; anybody may leave.

    Raises NotFound, Forbidden, Conflict `primary_owner`.
    """
    leaves = user_id == user.id
    project = held_project_for(user, project_id, Role.VIEWER if leaves else Role.OWNER)
    member = _member(project, user_id)
    db.session.delete(db.session.get_one(ProjectMember, (project.id, user_id)))
    detail = end_what_needs_more(project_id, user_id, None) | {"role": member.role}
    _record(audit.Act.MEMBER_REMOVED, user, project, member, detail)


def _member(project: Project, user_id: int) -> Member:
    for member in members_of(project):
        if member.user_id == user_id:
            if member.primary:
                raise _primary_owner(member)
            return member
    raise NotFound("member")


def end_what_needs_more(project_id: int, user_id: int, role: Role | None) -> dict[str, Any]:
    """End what only a larger role than `role` could give; return how many of what. In a transaction.

    Else who had to go would come back by an invitation of his own, or keep getting the jobs.
    """
    ended: dict[str, Any] = {}
    if role is not Role.OWNER:
        offer = Invitation
        offers = (offer.project_id == project_id, offer.invited_by == user_id)
        ended["invitations"] = _count(delete(offer).where(*offers))
    if role is None or not role.covers(Role.DEPLOYER):
        share = RunnerShare
        his = select(Runner.id).where(Runner.user_id == user_id)
        shares = (share.project_id == project_id, share.runner_id.in_(his))
        ended["runners"] = _count(delete(share).where(*shares))
    return ended


def _count(work: Delete) -> int:
    return cast("CursorResult[Any]", db.session.execute(work)).rowcount


def _record(
    act: audit.Act, user: UserActor, project: Project, member: Member, detail: dict[str, Any]
) -> None:
    audit.record(
        act,
        user.label,
        member.label,
        user_id=member.user_id,
        project_id=project.id,
        project=project.name,
        **detail,
    )


def _primary_owner(member: Member) -> Conflict:
    return Conflict("primary_owner", f"{member.handle} owns the project and stays its owner.")
