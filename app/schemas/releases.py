"""Releases on the wire."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.common import Answer, Moment, PageQuery


class ReleasesQuery(PageQuery):
    """Which releases to list."""

    environment: Annotated[str, Field(max_length=255)] | None = None


class ReleaseView(Answer):
    """A release, as its runner told it last."""

    id: int
    name: str
    environment: str
    state: Literal["building", "live", "good", "bad", "pruned"]
    """`live` is what visitors get; `good` ones can be rolled back to; `pruned` ones are gone."""
    commit: str
    branch: str | None
    job_id: int | None
    """The job that made it; null, as is the branch, when the runner found it on its server."""
    runner_id: int
    runner: str
    migrations: int
    """Database migrations that it ran."""
    created_at: Moment


class ReleaseList(Answer):
    """A page of releases, newest first."""

    releases: list[ReleaseView]
    next: int | None
