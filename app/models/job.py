"""Deployment jobs: the queue, who works on what, and how it ended."""

from datetime import datetime

from sqlalchemy import Boolean, Double, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, MediumBlob, UtcDateTime, table_args


class DeploymentJob(Base):
    """One deployment, rollback or plan. Every guarded UPDATE raises `version` by one."""

    __tablename__ = "deployment_jobs"
    __table_args__ = table_args(
        Index(None, "project_id", "environment", "status", "created_at"),
        Index(None, "status", "expires_at"),
        Index(None, "runner_id", "status"),
        Index(None, "logs_path", "completed_at"),
        Index(None, "target_runner_id", "status", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigId, ForeignKey("projects.id"))
    environment: Mapped[str] = mapped_column(String(63))
    action: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    branch: Mapped[str] = mapped_column(String(255))
    commit_hash: Mapped[str] = mapped_column(String(64))  # empty: the head of the branch
    triggered_by: Mapped[str] = mapped_column(String(255))
    payload: Mapped[bytes] = mapped_column(MediumBlob)
    """Exactly the bytes that the client made; the runner acts on them, not on the columns."""
    signature: Mapped[str | None] = mapped_column(Text)
    nonce: Mapped[str] = mapped_column(String(64), unique=True)
    target_runner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("runners.id"))
    runs_on: Mapped[str | None] = mapped_column(String(63))
    slot_key: Mapped[str | None] = mapped_column(String(96), unique=True)
    """`<project>:<environment>` while queued or running: one such job at a time."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    runner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("runners.id"))
    claim_id: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Null also for a claim of a client that sends no heartbeats."""
    hard_stop_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The job's own time limit and some overtime."""
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When its runner said that the release is live: too late to cancel."""
    reaped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the backend ended it without its runner."""
    late_result: Mapped[str | None] = mapped_column(String(64))
    """What the runner said after that, for people."""
    version: Mapped[int] = mapped_column(Integer, default=0)
    cancel_requested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    watched_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Somebody follows the log until then, so the runner should send it often."""

    reason: Mapped[str | None] = mapped_column(String(32))
    detail: Mapped[str | None] = mapped_column(Text)
    exit_code: Mapped[int | None] = mapped_column(Integer)
    path: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    release: Mapped[str | None] = mapped_column(String(64))
    log_bytes: Mapped[int] = mapped_column(BigId, default=0)
    log_final_bytes: Mapped[int | None] = mapped_column(BigId)
    logs_complete: Mapped[bool] = mapped_column(Boolean, default=False)
    logs_path: Mapped[str | None] = mapped_column(String(255))  # null: in job_logs
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class JobLog(Base):
    """A piece of a job's log, gzipped."""

    __tablename__ = "job_logs"
    __table_args__ = table_args()

    job_id: Mapped[int] = mapped_column(BigId, ForeignKey("deployment_jobs.id"), primary_key=True)
    off: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    """Raw bytes of the log before this piece."""
    len: Mapped[int] = mapped_column(Integer)  # raw
    data: Mapped[bytes] = mapped_column(MediumBlob)


class JobStep(Base):
    """Name, duration and outcome of a step of a job."""

    __tablename__ = "job_steps"
    __table_args__ = table_args()

    job_id: Mapped[int] = mapped_column(BigId, ForeignKey("deployment_jobs.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(64))
    seconds: Mapped[float] = mapped_column(Double)
    ok: Mapped[bool] = mapped_column(Boolean)
