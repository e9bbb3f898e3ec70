"""What a runner tells about a job, and what it is told."""

from typing import Annotated, Literal

from pydantic import Field

from app.api import MAX_ID
from app.schemas.common import Answer, RunnerRequest
from deployr.logchunk import LogChunk
from deployr.states import JobStatus

MAX_TIMEOUT_SECONDS = 24 * 3600


def _absent(value: object) -> bool:
    return value is None


class StatusPost(RunnerRequest):
    """Claim, heartbeat, log and end in one."""

    status: Literal[JobStatus.RUNNING, JobStatus.COMPLETED, JobStatus.FAILED]
    claim_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    logs: str | None = None
    """Plain text, appended as it is."""
    log: LogChunk | None = None
    data: str | None = None
    """Base64 of a Report."""
    exit_code: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None
    reason: Annotated[str, Field(max_length=64)] | None = None
    log_final_bytes: Annotated[int, Field(ge=0, le=MAX_ID)] | None = None
    timeout: Annotated[float, Field(gt=0, le=MAX_TIMEOUT_SECONDS)] | None = None
    """The job's own time limit in seconds, once the runner has read it."""
    activated: bool = False
    """The release is live: the job can't be cancelled any more."""


class StatusAnswer(Answer):
    """Where the job stands."""

    status: JobStatus
    cancel: bool
    """A user wants it stopped."""
    lease_seconds: float
    interval: float
    """Seconds until the next heartbeat is wanted."""
    ack: int
    """Bytes of the log that the backend has."""
    log_cap: int
    """Bytes that it keeps of a log."""
    log_full: bool | None = Field(default=None, exclude_if=_absent)
    """True when the log has reached its limit and the rest is dropped."""
    payload: str | None = Field(default=None, exclude_if=_absent)
    """Base64 of the JobSpec bytes; part of the answer to a claim."""
    signature: str | None = Field(default=None, exclude_if=_absent)
