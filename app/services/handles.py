"""How users and their projects are called: `ada`, `ada/shop`."""

from sqlalchemy import ColumnElement, String, and_, cast, func, literal

from app.models import Project, User

HANDLE: ColumnElement[str] = func.coalesce(
    User.handle, literal("user-").concat(cast(User.id, String(20)))
)
"""Of a User; one without a handle was made by an older release."""

FULL_NAME: ColumnElement[str] = HANDLE.concat("/").concat(Project.name)
"""Of a Project that is joined with the User who owns it."""


def handle_of(user_id: int, handle: str | None) -> str:
    """Return HANDLE of a row that was read."""
    return handle or f"user-{user_id}"


def is_called(name: str) -> ColumnElement[bool]:
    """Return the condition on Project and its User for `shop`, or for `ada/shop`."""
    owner, slash, own = name.partition("/")
    if not slash:
        return Project.name == name
    return and_(HANDLE == owner.lower(), Project.name == own)  # noqa: SIM300 - a column
