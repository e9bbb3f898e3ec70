"""What runners tell of the releases on their servers, kept as they told it last."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.extensions import db
from app.models import Release
from app.services.news import News
from app.services.transactions import RacedError
from deployr import wire
from deployr.states import Action

MOST = 100
"""Releases of one report that are taken, the newest ones."""

_MAX_COUNT = 2**31 - 1
_NAME = re.compile(r"[!-~]{1,64}")
"""Others are no names of releases: MariaDB takes "a" and "a " for the same."""


def note_releases(news: News, row: Row[Any]) -> None:
    """Write down what stands on the server now. Runs inside a transaction."""
    if row.action == Action.PLAN:  # it waits for nobody: a deployment may be telling more right now
        return
    told = _told(news)
    place = _place(news, row)
    _settle_others(news, told, place)
    query = select(Release).where(place, Release.name.in_(told))
    known = {release.name: release for release in db.session.scalars(query)} if told else {}
    for name, said in told.items():
        release = known.get(name) or _new(news, row, name)
        release.state = said.state
        release.commit_hash = said.commit
        release.migrations = min(max(said.migrations, 0), _MAX_COUNT)
        if release.job_id is None and _is_made_by(news, row, name):
            release.job_id = row.id
    try:
        db.session.flush()
    except IntegrityError:  # another report of the same runner came first
        raise RacedError from None


def _told(news: News) -> dict[str, wire.Release]:
    """Return the releases that the report names, oldest first."""
    listed = news.report.releases
    told = {each.name: each for each in (listed or ())[-MOST:]}
    own = news.report.release
    if own is not None and own.name not in told:
        gone = own.model_copy(update={"state": "pruned"})
        told = {own.name: own if listed is None else gone} | told
    return {name: each for name, each in told.items() if _NAME.fullmatch(name)}


def _settle_others(
    news: News, told: Mapping[str, wire.Release], place: ColumnElement[bool]
) -> None:
    """Correct the releases of which the report says nothing, because it does so."""
    listed = news.report.releases
    others = and_(place, Release.name.not_in(told))
    # A report as long as it may be leaves some out.
    if listed is not None and len(listed) < MOST:
        _set(and_(others, Release.state != "pruned"), "pruned")
    elif any(each.state == "live" for each in told.values()):
        _set(and_(others, Release.state == "live"), "good")


def _place(news: News, row: Row[Any]) -> ColumnElement[bool]:
    return and_(
        Release.project_id == row.project_id,
        Release.environment == row.environment,
        Release.runner_id == news.runner.id,
    )


def _set(which: ColumnElement[bool], state: str) -> None:
    db.session.execute(
        update(Release)
        .where(which)
        .values(state=state)
        .execution_options(synchronize_session=False)
    )


def _new(news: News, row: Row[Any], name: str) -> Release:
    release = Release(
        project_id=row.project_id,
        environment=row.environment,
        runner_id=news.runner.id,
        name=name,
        created_at=utcnow(),
    )
    db.session.add(release)
    return release


def _is_made_by(news: News, row: Row[Any], name: str) -> bool:
    """Tell whether the job made the release; a rollback only goes back to one."""
    own = news.report.release
    return row.action == Action.DEPLOY and own is not None and own.name == name
