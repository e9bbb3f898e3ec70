"""What runners tell of the releases on their servers, kept as they told it last."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select, update
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
    known = _known(news, place, told)
    for name, said in told.items():
        release = known.get(name) or _new(row, name)
        release.runner_id = news.runner.id
        release.state = said.state
        release.commit_hash = said.commit
        release.migrations = min(max(said.migrations, 0), _MAX_COUNT)
        if release.job_id is None and _is_made_by(news, row, name):
            release.job_id = row.id
    try:
        db.session.flush()
    except IntegrityError:  # another report of the same runner came first
        raise RacedError from None
    _settle_others(news, told, place)


def _told(news: News) -> dict[str, wire.Release]:
    """Return the releases that the report names, oldest first."""
    listed = news.report.releases
    told = {each.name: each for each in (listed or ())[-MOST:]}
    own = news.report.release
    if own is not None and own.name not in told:
        gone = own.model_copy(update={"state": "pruned"})
        told = {own.name: own if listed is None else gone} | told
    return {name: each for name, each in told.items() if _NAME.fullmatch(name)}


def _place(news: News, row: Row[Any]) -> ColumnElement[bool]:
    """Return the condition that a release is where the job was done."""
    table = Release
    mine = and_(table.project_id == row.project_id, table.environment == row.environment)
    # All runners of a label reach the same server: what one of them finds there counts.
    return mine if row.label is not None else and_(mine, table.runner_id == news.runner.id)


def _known(news: News, place: ColumnElement[bool], told: Collection[str]) -> Mapping[str, Release]:
    """Return by name what is known of the releases; of two rows the runner's own."""
    query = select(Release).where(place, Release.name.in_(told))
    found = db.session.scalars(query.order_by(Release.runner_id == news.runner.id))
    return {release.name: release for release in found} if told else {}


def _settle_others(
    news: News, told: Mapping[str, wire.Release], place: ColumnElement[bool]
) -> None:
    """Correct the releases of which the report says nothing, because it does so."""
    listed = news.report.releases
    others = and_(place, or_(Release.name.not_in(told), Release.runner_id != news.runner.id))
    # A report as long as it may be leaves some out.
    if listed is not None and len(listed) < MOST:
        _set(and_(others, Release.state != "pruned"), "pruned")
    elif any(each.state == "live" for each in told.values()):
        _set(and_(others, Release.state == "live"), "good")


def _set(which: ColumnElement[bool], state: str) -> None:
    db.session.execute(
        update(Release)
        .where(which)
        .values(state=state)
        .execution_options(synchronize_session=False)
    )


def _new(row: Row[Any], name: str) -> Release:
    place = {"project_id": row.project_id, "environment": row.environment}
    release = Release(name=name, created_at=utcnow(), **place)
    db.session.add(release)
    return release


def _is_made_by(news: News, row: Row[Any], name: str) -> bool:
    """Tell whether the job made the release; a rollback only goes back to one."""
    own = news.report.release
    return row.action == Action.DEPLOY and own is not None and own.name == name
