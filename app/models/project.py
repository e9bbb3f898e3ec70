"""Projects: which repository goes live, and on which runner."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, UtcDateTime, table_args


class Project(Base):
    """An app of one user."""

    __tablename__ = "projects"
    __table_args__ = table_args(UniqueConstraint("user_id", "name"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(63))
    repo_url: Mapped[str] = mapped_column(String(255))
    framework: Mapped[str | None] = mapped_column(String(16))  # null: the runner detects it
    target: Mapped[str] = mapped_column(String(16))
    branch: Mapped[str] = mapped_column(String(255))
    runner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("runners.id"), index=True)
    """Home runner: the one that all jobs go to, since the app lives on its server."""
    runs_on: Mapped[str | None] = mapped_column(String(63))
    """Label that replaces the home runner where several runners reach the same target."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
