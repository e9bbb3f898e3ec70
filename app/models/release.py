"""Releases that runners reported."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, UtcDateTime, table_args


class Release(Base):
    """A release on a server, as its runner knew it when its last job there ended."""

    __tablename__ = "releases"
    __table_args__ = table_args(
        Index(None, "project_id", "environment", "id"),
        UniqueConstraint("project_id", "environment", "runner_id", "name"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigId, ForeignKey("projects.id"))
    environment: Mapped[str] = mapped_column(String(63))
    runner_id: Mapped[int] = mapped_column(BigId, ForeignKey("runners.id"), index=True)
    job_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("deployment_jobs.id"), unique=True)
    """The job that made it; null for one that the runner found on its server."""
    name: Mapped[str] = mapped_column(String(64))
    commit_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    migrations: Mapped[int] = mapped_column(Integer)  # database migrations that it ran
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
