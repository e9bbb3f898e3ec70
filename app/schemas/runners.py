"""Runners on the wire: as users see them, registration and polling."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.common import Answer, Id, Moment, Name, QueryInt, RunnerRequest, UserRequest
from deployr.states import Framework, Target
from deployr.wire import PROTOCOL


class RunnerView(Answer):
    """A runner."""

    id: int
    name: str
    owner_name: str
    mine: bool
    projects: tuple[str, ...]
    """Full names of those that it is shared with, as far as you see them."""
    status: Literal["online", "offline"]
    labels: list[str]
    capacity: int
    version: str | None
    hostname: str | None
    """Null, as `version`, to all but its owner."""
    last_seen_at: Moment | None
    created_at: Moment
    revoked_at: Moment | None


class RunnerList(Answer):
    """A page of runners, newest first."""

    runners: list[RunnerView]
    next: int | None


class ShareRequest(UserRequest):
    """The project that a runner is shared with."""

    project_id: Id


class CodeView(Answer):
    """A code that registers one runner."""

    code: str
    expires_at: Moment


class Registration(RunnerRequest):
    """A runner that wants in: by `code`, or by a user's bearer token."""

    code: Annotated[str, Field(max_length=255)] | None = None
    name: Name
    hostname: Annotated[str, Field(max_length=255)] | None = None
    version: Annotated[str, Field(max_length=64)] | None = None
    labels: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    capacity: Annotated[int, Field(ge=1, le=100)] = 1
    protocol: Annotated[int, Field(ge=0, le=10_000)] = PROTOCOL
    instance_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class Registered(Answer):
    """The runner's token; it is shown only here."""

    runner_id: int
    name: str
    token: str
    poll_after: float


class Rotated(Answer):
    """The runner's new token; it is shown only here."""

    token: str


class PollQuery(RunnerRequest):
    """How many jobs the runner can take."""

    slots: Annotated[QueryInt, Field(ge=0, le=100)] = 1
    protocol: Annotated[QueryInt, Field(ge=0, le=10_000)] = PROTOCOL


class PolledProject(Answer):
    """What a runner needs to know of a project; `branch` is the job's."""

    id: int
    name: str
    repo_url: str
    branch: str
    framework: Framework | None
    target: Target


class Candidate(Answer):
    """A job that may be claimed."""

    job_id: int
    project: PolledProject


class Polled(Answer):
    """Work for a runner; `job_id` and `project` are those of the first candidate."""

    job_id: int | None
    project: PolledProject | None
    candidates: list[Candidate]
    cancel: list[int]
    """Running jobs of this runner that a user wants cancelled."""
    poll_after: float
    """Seconds."""
    now: Moment
