"""Who else may see or deploy a project, and with which runners."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, UtcDateTime, table_args


class ProjectMember(Base):
    """A user's role in somebody else's project; its owner of `projects.user_id` has no row."""

    __tablename__ = "project_members"
    __table_args__ = table_args()

    project_id: Mapped[int] = mapped_column(BigId, ForeignKey("projects.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("users.id"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(16))  # owner, deployer, viewer
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Invitation(Base):
    """Offers a role in a project to whoever has a GitHub login; gone once answered."""

    __tablename__ = "invitations"
    __table_args__ = table_args(UniqueConstraint("project_id", "github_login"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigId, ForeignKey("projects.id"))
    github_login: Mapped[str] = mapped_column(String(63), index=True)  # lower case
    role: Mapped[str] = mapped_column(String(16))
    invited_by: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RunnerShare(Base):
    """Lets a runner take the jobs of a project that is not its owner's."""

    __tablename__ = "runner_shares"
    __table_args__ = table_args()

    runner_id: Mapped[int] = mapped_column(BigId, ForeignKey("runners.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("projects.id"), primary_key=True, index=True
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
