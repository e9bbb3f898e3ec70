"""Projects as somebody who sees them is told of them."""

from typing import Any

from sqlalchemy import Row, Select, select

from app.errors import NotFound
from app.extensions import db
from app.models import Project, User
from app.services.handles import FULL_NAME, HANDLE, is_called
from app.services.identity import UserActor
from app.services.paging import Page, Window
from app.services.policy import role_column, visible_to


def get_project(user: UserActor, project_id: int) -> Row[Any]:
    """Return a project that the user can see. Raises NotFound."""
    row = db.session.execute(_selection(user).where(Project.id == project_id)).first()
    if row is None:
        raise NotFound("project")
    return row


def list_projects(user: UserActor, window: Window, name: str | None) -> Page[Row[Any]]:
    """Return a page of the projects that the user can see; `name` is `shop` or `ada/shop`."""
    query = _selection(user)
    if name is not None:
        query = query.where(is_called(name))
    rows = list(db.session.execute(window.select(query, Project.id)))
    return window.page(rows, [row.id for row in rows])


def _selection(user: UserActor) -> Select[Any]:
    """Select all of it at once, however many there are: columns, `owner_name`, … and `role`."""
    return (
        select(
            *Project.__table__.c,
            HANDLE.label("owner_name"),
            FULL_NAME.label("full_name"),
            role_column(user.id).label("role"),
        )
        .join_from(Project, User, User.id == Project.user_id)
        .where(visible_to(user.id))
    )
