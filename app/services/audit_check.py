"""Whether the audit log is what was written: each event, their order, and that none is missing."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.models import AuditEvent, AuditHead
from app.services.audit import GENESIS, digest_of

_BITE = 500
"""Events that are in memory at a time."""

_EVENTS = db.metadata.tables[AuditEvent.__tablename__]


@dataclass(frozen=True, kw_only=True)
class Place:
    """An event as the head knows it, or as somebody has noted it down."""

    id: int
    hash: str

    def __str__(self) -> str:
        return f"{self.id}:{self.hash}"


START = Place(id=0, hash=GENESIS)


class BrokenError(Exception):
    """The log is not what was written; the text names the first event that shows it."""


def verify(noted: Place | None = None) -> Place:
    """Go through the whole log and return its newest event; START when there is none.

    `noted` is an earlier answer. Events that are added meanwhile do no harm. Raises BrokenError.
    """
    first_head = _head()
    last = START
    for row in _rows():
        last = _next(last, row)
        for place, whose in ((first_head, "as the head has it"), (noted, "as it was noted down")):
            if place is not None and place.id == last.id and place != last:
                raise BrokenError(f"Event {last.id} is not {whose}: it was rewritten.")
    _check_end(last, first_head, _head(), noted)
    return last


def _next(last: Place, row: RowMapping) -> Place:
    """Return the place of `row` when it follows `last`."""
    wanted = last.id + 1
    if row["id"] > wanted:
        raise BrokenError(f"Event {wanted} is missing: {row['id']} comes after {last.id}.")
    if row["id"] < wanted:
        raise BrokenError(f"Event {row['id']} was never written: the first one is {wanted}.")
    if _digest(row) != row["hash"]:
        raise BrokenError(f"Event {wanted} was changed: its hash is that of another one.")
    if row["before"] != last.hash:
        raise BrokenError(f"Event {wanted} does not follow {last.id}: one of them was rewritten.")
    return Place(id=wanted, hash=row["hash"])


def _digest(row: RowMapping) -> str | None:
    try:
        return digest_of(row)
    except (TypeError, AttributeError):  # SQLite keeps a value of any type in any column
        return None


def _check_end(last: Place, began: Place | None, ended: Place | None, noted: Place | None) -> None:
    for place in (began, noted):
        if place is not None and place.id > last.id:
            raise BrokenError(f"Event {last.id + 1} is missing, and all up to {place.id}.")
    if ended is None and last != START:
        raise BrokenError(f"The row of audit_head is missing; the newest event is {last.id}.")
    if ended is not None and ended.id < last.id:
        raise BrokenError(f"Event {ended.id + 1} was not written by the backend: it is too new.")


def _head() -> Place | None:
    row = db.session.execute(select(AuditHead.event_id, AuditHead.hash)).first()
    return Place(id=row.event_id, hash=row.hash) if row is not None else None


def _rows() -> Iterator[RowMapping]:
    """Yield all events, oldest first."""
    last: int | None = None
    while rows := _read(last, _BITE):
        yield from rows
        last = rows[-1]["id"]


def _read(last: int | None, most: int) -> list[RowMapping]:
    query = select(_EVENTS).order_by(_EVENTS.c.id).limit(most)
    if last is not None:
        query = query.where(_EVENTS.c.id > last)
    try:
        return list(db.session.execute(query).mappings())
    except (ValueError, TypeError, OperationalError) as error:
        if isinstance(error, OperationalError) and not _is_unreadable(error.orig):
            raise
        if most > 1:  # find out which one it is: those before it may show more
            return _read(last, 1)
        after = f"after event {last}" if last else "that comes first"
        raise BrokenError(f"The event {after} was changed: it can't be read.") from None


def _is_unreadable(error: Any) -> bool:  # noqa: ANN401 - whatever the driver raises
    return isinstance(error, sqlite3.OperationalError) and "decode" in str(error)
