"""Runners and the one-time codes that register them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, UtcDateTime, table_args


class Runner(Base):
    """An agent on a user's server."""

    __tablename__ = "runners"
    __table_args__ = table_args(UniqueConstraint("user_id", "name_key"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(63))
    name_key: Mapped[str | None] = mapped_column(String(63))
    """The name while the runner is in use; null once revoked, so that the name is free again."""
    token: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256, hex
    old_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    """The one before a rotation: good until some time after the new one was first used."""
    old_token_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Null while the new one was never used."""
    labels: Mapped[str] = mapped_column(Text)  # one a line
    capacity: Mapped[int] = mapped_column(Integer)
    version: Mapped[str | None] = mapped_column(String(64))
    hostname: Mapped[str | None] = mapped_column(String(255))
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def label(self) -> str:
        """What the audit log calls it."""
        return f"runner:{self.id} {self.name}"


class RegistrationCode(Base):
    """Lets one runner register for a user, once."""

    __tablename__ = "registration_codes"
    __table_args__ = table_args()

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256, hex
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    instance_id: Mapped[str | None] = mapped_column(String(64))
    runner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("runners.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
