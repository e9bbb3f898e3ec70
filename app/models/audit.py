"""What was done by whom: a chain of events that nothing may change."""

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, UtcDateTime, table_args


class AuditEvent(Base):
    """One act. Ids are no foreign keys: an event outlives what it tells of."""

    __tablename__ = "audit_events"
    __table_args__ = table_args(Index(None, "user_id", "id"), Index(None, "project_id", "id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    """1, 2, 3, … without a gap."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    act: Mapped[str] = mapped_column(String(48))  # as `token.created`
    actor: Mapped[str] = mapped_column(String(255))  # as `user:7 ada`, `runner:3 web-1`, `operator`
    user_id: Mapped[int | None] = mapped_column(BigId)
    """Whose account it concerns: he sees it."""
    project_id: Mapped[int | None] = mapped_column(BigId)
    """Whose owners see it too."""
    thing: Mapped[str] = mapped_column(String(255))  # as `token:12 laptop`
    address: Mapped[str] = mapped_column(String(45))
    request_id: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)  # JSON object, no secrets
    before: Mapped[str] = mapped_column(String(64))  # hash of the event before
    hash: Mapped[str] = mapped_column(String(64))  # SHA-256, hex, of all above


class AuditHead(Base):
    """The newest event: one row, locked by who adds the next one."""

    __tablename__ = "audit_head"
    __table_args__ = table_args()

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigId)
    hash: Mapped[str] = mapped_column(String(64))
