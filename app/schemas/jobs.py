"""Jobs and their logs on the wire."""

from typing import Annotated

from pydantic import Field

from app.api import MAX_ID
from app.schemas.common import Answer, Id, Moment, Name, PageQuery, QueryInt, UserRequest
from deployr.fields import Branch
from deployr.states import Action, JobStatus, Reason
from deployr.wire import CommitRef

MAX_OFFSET = 2**53


class NewJob(UserRequest):
    """A job to create; what is left out comes from the payload, then from the project."""

    project_id: Id
    branch: Branch | None = None
    commit: CommitRef | None = None
    environment: Name | None = None
    action: Action | None = None
    payload: Annotated[str, Field(max_length=90_000)] | None = None
    """Base64 of the JobSpec bytes, which reach the runner untouched."""
    signature: Annotated[str, Field(min_length=1, max_length=16_384)] | None = None


class JobsQuery(PageQuery):
    """Which jobs to list."""

    project_id: Annotated[QueryInt, Field(ge=1, le=MAX_ID)] | None = None
    environment: Annotated[str, Field(max_length=255)] | None = None
    status: JobStatus | None = None


class JobQuery(UserRequest):
    """From which byte on the log is wanted; left out: the whole log as text."""

    log_from: Annotated[QueryInt, Field(ge=0, le=MAX_OFFSET)] | None = None


class JobSummary(Answer):
    """A job in a list."""

    id: int
    project_id: int
    project: str
    environment: str
    action: Action
    status: JobStatus
    reason: Reason | None
    branch: str
    commit: str | None
    runner_id: int | None
    runner: str | None
    path: str | None
    url: str | None
    release: str | None
    exit_code: int | None
    cancel_requested: bool
    waiting_for: int | None
    """Id of the unfinished job of the same project and environment that goes first."""
    triggered_by: str
    logs_complete: bool
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    deployed_at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")] | None
    """UTC."""
    seconds: float | None
    """From start to end."""


class StepView(Answer):
    """A step of a job."""

    name: str
    seconds: float
    ok: bool


class JobView(JobSummary):
    """A job."""

    detail: str | None
    waits: str | None
    """Why it is not running yet."""
    late_result: str | None
    """What the runner said after the job had been given up, as `status` or `status:reason`."""
    params: dict[str, str]
    """Of its payload."""
    steps: list[StepView]


class JobWithText(JobView):
    """A job with its log so far."""

    logs: str


class LogView(Answer):
    """Bytes `[from, next)` of a log."""

    from_: int = Field(serialization_alias="from")
    next: int
    data: str
    """Base64."""
    complete: bool


class JobWithLog(JobView):
    """A job with a part of its log."""

    log: LogView


class JobList(Answer):
    """A page of jobs, newest first."""

    jobs: list[JobSummary]
    next: int | None
