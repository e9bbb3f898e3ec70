"""Releases as their owners see them."""

from typing import Any

from sqlalchemy import Row, select

from app.extensions import db
from app.models import DeploymentJob, Release, Runner
from app.services.identity import UserActor
from app.services.paging import Page, Window
from app.services.policy import project_for
from deployr.roles import Role


def list_releases(
    user: UserActor, project_id: int, window: Window, environment: str | None
) -> Page[Row[Any]]:
    """Return a page of a project's releases, newest first. Raises NotFound."""
    project = project_for(user, project_id, Role.VIEWER)
    release, job = Release, DeploymentJob
    columns: list[Any] = [
        *(release.id, release.name, release.environment, release.state),
        *(release.commit_hash.label("commit"), release.migrations, release.created_at),
        *(release.job_id, job.branch, release.runner_id, Runner.name.label("runner")),
    ]
    query = (
        select(*columns)
        .join_from(release, Runner, Runner.id == release.runner_id)
        .outerjoin(job, job.id == release.job_id)
        .where(release.project_id == project.id)
    )
    if environment is not None:
        query = query.where(release.environment == environment)
    rows = list(db.session.execute(window.select(query, release.id)))
    return window.page(rows, [row.id for row in rows])
