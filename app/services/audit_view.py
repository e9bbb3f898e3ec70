"""The audit log as users read it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from app.extensions import db
from app.models import AuditEvent, Project
from app.services.audit import Act
from app.services.identity import UserActor
from app.services.paging import Page, Window
from app.services.policy import owned_by

ADMIN = "admin"
"""The role of a user who sees all events."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which events are asked for; None: all that one may see."""

    project_id: int | None = None
    act: Act | None = None


def list_events(user: UserActor, window: Window, wanted: Wanted) -> Page[AuditEvent]:
    """Return a page of the events that the user may see, newest first.

    They are those of his account and of the projects in which he is an owner; an admin sees all.
    """
    if user.role == ADMIN:
        return all_events(window, wanted)
    projects = select(Project.id).where(owned_by(user.id))
    # A database may give the id of a deleted project away again.
    began = select(Project.created_at).where(Project.id == AuditEvent.project_id).scalar_subquery()
    # One query for each of the two indexes: an OR of both would read through the whole log.
    parts = (
        (AuditEvent.user_id == user.id,),
        (AuditEvent.project_id.in_(projects), AuditEvent.at >= began),
    )
    found = {row.id: row for part in parts for row in _rows(window, wanted, *part)}
    return _page(window, [found[event_id] for event_id in sorted(found, reverse=True)])


def all_events(window: Window, wanted: Wanted) -> Page[AuditEvent]:
    """Return a page of everybody's events, newest first: for admins and the operator."""
    return _page(window, _rows(window, wanted))


def _rows(window: Window, wanted: Wanted, *conditions: ColumnElement[bool]) -> list[AuditEvent]:
    query = select(AuditEvent).where(*conditions)
    if wanted.project_id is not None:
        query = query.where(AuditEvent.project_id == wanted.project_id)
    if wanted.act is not None:
        query = query.where(AuditEvent.act == wanted.act)
    return list(db.session.scalars(window.select(query, AuditEvent.id)))


def _page(window: Window, rows: list[AuditEvent]) -> Page[AuditEvent]:
    return window.page(rows, [row.id for row in rows])
