"""The audit log on the wire."""

from typing import Annotated, Any

from pydantic import Field

from app.api import MAX_ID
from app.schemas.common import Answer, Moment, PageQuery, QueryInt
from app.services.audit import Act


class AuditQuery(PageQuery):
    """Which events to list."""

    project_id: Annotated[QueryInt, Field(ge=1, le=MAX_ID)] | None = None
    act: Act | None = None


class AuditEventView(Answer):
    """An event."""

    id: int
    at: Moment
    act: str
    """As `token.created`."""
    actor: str
    """Who did it: `user:7 ada`, `runner:3 web-1`, or `operator` at the server's own shell."""
    thing: str
    """What it was done to, as `token:12 laptop`."""
    user_id: int | None
    """Whose account it concerns."""
    project_id: int | None
    address: str
    """Where it came from: an IP address, or `local`."""
    request_id: str
    """Marks what the backend's log says of the same request."""
    detail: dict[str, Any]
    hash: str
    """Of the event and all before it: noted down, it shows whether they were changed since."""


class AuditList(Answer):
    """A page of events, newest first."""

    events: list[AuditEventView]
    next: int | None
