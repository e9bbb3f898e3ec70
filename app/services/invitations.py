"""Invitations: a role in a project for whoever has a GitHub login."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, select

from app.clock import utcnow
from app.errors import Conflict, NotFound
from app.extensions import db
from app.models import Invitation, Project, ProjectMember, User
from app.schemas.teams import NewInvitation
from app.services import audit
from app.services.handles import FULL_NAME, HANDLE
from app.services.identity import UserActor
from app.services.members import end_what_needs_more, members_of
from app.services.paging import Page, Window
from app.services.policy import held_project_for, project_for
from app.services.transactions import transaction
from deployr.roles import Role

LASTS = timedelta(days=14)
MOST = 100
"""Members and open invitations that a project may have."""


def list_invitations(user: UserActor, project_id: int) -> list[Row[Any]]:
    """Return a project's open invitations, newest first. Raises NotFound, Forbidden."""
    project_for(user, project_id, Role.OWNER)
    query = _selection().where(Invitation.project_id == project_id, _is_open())
    return list(db.session.execute(query.order_by(Invitation.id.desc())))


@transaction
def invite(user: UserActor, project_id: int, new: NewInvitation) -> Row[Any]:
    """Invite a GitHub login; a second time replaces role and expiry of the first.

    Whether anybody here has that login makes no difference. Raises NotFound, Forbidden, Conflict
    `already_member`, `team_full`.
    """
    project = held_project_for(user, project_id, Role.OWNER)
    _check_room(project, new.github_login)
    mine = (Invitation.project_id == project_id, Invitation.github_login == new.github_login)
    offer = db.session.scalar(select(Invitation).where(*mine).with_for_update())
    if offer is None:
        offer = Invitation(project_id=project_id, github_login=new.github_login)
        db.session.add(offer)
    now = utcnow()
    offer.role, offer.invited_by = new.role, user.id
    offer.created_at, offer.expires_at = now, now + LASTS
    db.session.flush()
    shown = db.session.execute(_selection().where(Invitation.id == offer.id)).one()
    _record(audit.Act.MEMBER_INVITED, user, offer)
    return shown


@transaction
def withdraw(user: UserActor, project_id: int, invitation_id: int) -> None:
    """Take an invitation back. Raises NotFound, Forbidden."""
    held_project_for(user, project_id, Role.OWNER)
    offer = _held(Invitation.id == invitation_id, Invitation.project_id == project_id)
    db.session.delete(offer)
    _record(audit.Act.INVITATION_WITHDRAWN, user, offer)


def list_mine(user: UserActor, window: Window) -> Page[Row[Any]]:
    """Return a page of the open invitations to the user's GitHub login."""
    query = _selection().where(_is_for(user), _is_open())
    rows = list(db.session.execute(window.select(query, Invitation.id)))
    return window.page(rows, [row.id for row in rows])


@transaction
def accept(user: UserActor, invitation_id: int) -> int:
    """Make the invited user a member; return the id of the project. Raises NotFound."""
    offer = _held_of(user, invitation_id)
    project = db.session.get_one(Project, offer.project_id)
    member = db.session.get(ProjectMember, (project.id, user.id))
    if member is not None:  # he had another login when he joined
        member.role = offer.role
        end_what_needs_more(project.id, user.id, Role(offer.role))
    elif project.user_id != user.id:
        ids = {"project_id": project.id, "user_id": user.id}
        db.session.add(ProjectMember(**ids, role=offer.role, created_at=utcnow()))
    db.session.delete(offer)
    _record(audit.Act.MEMBER_JOINED, user, offer)
    return project.id


@transaction
def decline(user: UserActor, invitation_id: int) -> None:
    """Turn an invitation down. Raises NotFound."""
    offer = _held_of(user, invitation_id)
    db.session.delete(offer)
    _record(audit.Act.INVITATION_DECLINED, user, offer)


def drop_expired(most: int) -> None:
    """Forget at most `most` invitations whose time is over, within a transaction."""
    old = Invitation.expires_at <= utcnow()
    ids = list(db.session.scalars(select(Invitation.id).where(old).limit(most)))
    if ids:  # one of them may have been renewed meanwhile
        db.session.execute(delete(Invitation).where(Invitation.id.in_(ids), old))


def _check_room(project: Project, login: str) -> None:
    members = members_of(project)
    if login in {(member.github_login or "").lower() for member in members}:
        raise Conflict("already_member", f"{login} is a member of {project.name} already.")
    others = select(func.count()).where(
        Invitation.project_id == project.id, Invitation.github_login != login, _is_open()
    )
    if len(members) + (db.session.scalar(others) or 0) >= MOST:
        detail = f"A project may have {MOST} members and invitations: remove some first."
        raise Conflict("team_full", detail)


def _selection() -> Select[Any]:
    offer = Invitation
    inviter = select(HANDLE).where(User.id == offer.invited_by).correlate(offer).scalar_subquery()
    return (
        select(
            *(offer.id, offer.github_login, offer.role, offer.expires_at, offer.created_at),
            inviter.label("invited_by"),
            FULL_NAME.label("project"),
        )
        .select_from(offer)
        .join(Project, Project.id == offer.project_id)
        .join(User, User.id == Project.user_id)
    )


def _is_open() -> ColumnElement[bool]:
    return Invitation.expires_at > utcnow()


def _is_for(user: UserActor) -> ColumnElement[bool]:
    """Return the condition under which an invitation is the user's, by what GitHub said of him."""
    login = select(func.lower(User.github_login)).where(
        User.id == user.id, User.github_id.is_not(None)
    )
    return Invitation.github_login == login.correlate(None).scalar_subquery()


def _held_of(user: UserActor, invitation_id: int) -> Invitation:
    """Return an open invitation of the user's, which nobody else can answer meanwhile."""
    mine = (Invitation.id == invitation_id, _is_for(user), _is_open())
    project_id = db.session.scalar(select(Invitation.project_id).where(*mine))
    if project_id is None:
        raise NotFound("invitation")
    db.session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    return _held(*mine)


def _held(*which: ColumnElement[bool]) -> Invitation:
    offer = db.session.scalar(select(Invitation).where(*which).with_for_update())
    if offer is None:
        raise NotFound("invitation")
    return offer


def _record(act: audit.Act, user: UserActor, offer: Invitation) -> None:
    """Tell it the owners and whoever acts: that an account has this login is not for the log."""
    audit.record(
        act,
        user.label,
        f"invitation:{offer.id} {offer.github_login}",
        user_id=user.id,
        project_id=offer.project_id,
        role=offer.role,
    )
