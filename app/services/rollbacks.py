"""Whether a release can be gone back to, as far as the backend knows; the runner knows better."""

from sqlalchemy import select

from app.errors import Conflict
from app.extensions import db
from app.models import Project, Release

_MOST_NAMED = 10
_GONE = {"pruned": "was removed from its server", "bad": "has failed"}


def release_holder(project: Project, environment: str, name: str | None) -> int:
    """Return the runner that holds the release `name`, or the newest one there is.

    Raises Conflict `no_release` when there is none at all, `release_unusable` when the named one
    is known to have failed or to be gone.
    """
    standing = _named_first(project, environment, name)
    if standing is None:
        detail = f"{project.name} has no release in {environment} yet: `deployr push` makes one."
        raise Conflict("no_release", detail)
    if name == standing.name and standing.state in _GONE:
        good = _good(project, environment)
        raise Conflict(
            "release_unusable",
            f"The release {name} {_GONE[standing.state]}. "
            f"Good ones to go back to: {', '.join(good) or 'none'}.",
            choices=good,
        )
    return standing.runner_id


def _named_first(project: Project, environment: str, name: str | None) -> Release | None:
    """Return the release of that name, else the newest one; of several, one that still stands."""
    mine = select(Release).where(
        Release.project_id == project.id, Release.environment == environment
    )
    found = mine.order_by(Release.state.in_(_GONE), Release.id.desc()).limit(1)
    named = db.session.scalar(found.where(Release.name == name)) if name else None
    return named or db.session.scalar(found)


def _good(project: Project, environment: str) -> list[str]:
    """Return the names of the newest good releases, newest first."""
    good = select(Release.name).where(
        Release.project_id == project.id,
        Release.environment == environment,
        Release.state == "good",
    )
    return list(db.session.scalars(good.order_by(Release.id.desc()).limit(_MOST_NAMED)))
