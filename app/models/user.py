"""People, their API tokens and their sessions in browsers."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, UtcDateTime, table_args

BLOCKED = "blocked"
"""The role of a user whom nothing lets in."""


class User(Base):
    """Somebody who may sign in."""

    __tablename__ = "users"
    __table_args__ = table_args()

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(255), unique=True)  # lower case
    github_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    github_login: Mapped[str | None] = mapped_column(String(255))
    handle: Mapped[str | None] = mapped_column(String(63), unique=True)
    """Lower case; the `owner` of `owner/name`. Null only between a migration and its first use."""
    role: Mapped[str] = mapped_column(String(16), default="user")
    """`admin` sees the whole audit log; `blocked` can't sign in."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiToken(Base):
    """A user's token; only its digest is stored."""

    __tablename__ = "api_tokens"
    __table_args__ = table_args()

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    token: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256, hex
    scope: Mapped[str] = mapped_column(String(16), default="admin", server_default="admin")
    """`read`, `deploy` or `admin`, each of which may all that the one before it may."""
    prefix: Mapped[str | None] = mapped_column(String(8))
    last_four: Mapped[str] = mapped_column(String(4))
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BrowserSession(Base):
    """A browser that is signed in; only the digest of its cookie is stored."""

    __tablename__ = "sessions"
    __table_args__ = table_args()

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    session: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256, hex
    browser: Mapped[str] = mapped_column(String(255))
    """What it calls itself (User-Agent)."""
    address: Mapped[str] = mapped_column(String(45))
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
