"""Projects on the wire."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from app.schemas.common import Answer, Id, Moment, Name, PageQuery, UserRequest
from deployr.fields import Branch, RepoUrl
from deployr.roles import Role
from deployr.states import Framework, Target

_MAY_BE_NULL = {"framework", "runner_id", "runs_on"}


class NewProject(UserRequest):
    """A project to create."""

    name: Name
    repo_url: RepoUrl
    framework: Framework | None = None
    """Null: the runner detects it."""
    target: Target = Target.VPS
    branch: Branch = "main"
    runner_id: Id | None = None
    """Home runner."""
    runs_on: Name | None = None
    """Label of runners that may all deploy it; replaces the home runner."""


class ProjectChange(UserRequest):
    """The fields to change; the others stay."""

    name: Name | None = None
    repo_url: RepoUrl | None = None
    framework: Framework | None = None
    target: Target | None = None
    branch: Branch | None = None
    runner_id: Id | None = None
    runs_on: Name | None = None

    @model_validator(mode="after")
    def _no_needless_null(self) -> Self:
        for field in self.model_fields_set - _MAY_BE_NULL:
            if getattr(self, field) is None:
                raise ValueError(f"{field} must not be null")
        return self


class ProjectQuery(PageQuery):
    """Which projects to list."""

    name: Annotated[str, Field(max_length=255)] | None = None
    """`shop`: all of that name, whoever owns them; `ada/shop`: that one."""


class ProjectView(Answer):
    """A project."""

    id: int
    name: str
    owner: int = Field(validation_alias="user_id")
    """Id of the user."""
    owner_name: str
    full_name: str
    """`owner_name/name`: what no other project is called."""
    role: Role
    """Of the user who asks."""
    repo_url: str
    framework: Framework | None
    target: Target
    branch: str
    runner_id: int | None
    runs_on: str | None
    created_at: Moment
    updated_at: Moment


class ProjectList(Answer):
    """A page of projects, newest first."""

    projects: list[ProjectView]
    next: int | None


class Deleted(Answer):
    """It is gone."""

    deleted: bool
