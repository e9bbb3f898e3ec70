"""Whether the backend can work."""

import re
from functools import cache
from pathlib import Path

from sqlalchemy import inspect, text

from app.errors import Unavailable
from app.extensions import db
from app.services import polling

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"
_LINK = re.compile(r'^(down_)?revision = (?:"(\w+)"|None)$', re.MULTILINE)


def check_database() -> None:
    """Raise SQLAlchemy's error when the database is away, Unavailable when it is not migrated.

    A database that is ahead is fine: migrations work with the code of the release before.
    """
    revision = None
    if inspect(db.session.connection()).has_table("alembic_version"):
        revision = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    known, head = _revisions()
    if revision is None or (revision in known and revision != head):
        raise Unavailable(
            "migrations_missing", "The database is not up to date: run `flask db upgrade`."
        )


def warnings() -> list[str]:
    """Return what works but should be looked at, as sentences."""
    found = (polling.over_budget(),)
    return [warning for warning in found if warning is not None]


@cache
def _revisions() -> tuple[frozenset[str], str]:
    """Return the revisions that this code brings along, and the last of them.

    Read as text: Alembic costs a web process start-up time and memory for nothing.
    """
    texts = [file.read_text(encoding="utf-8") for file in _MIGRATIONS.glob("*.py")]
    links = [link for each in texts for link in _LINK.findall(each)]
    known = frozenset(name for down, name in links if not down)
    (head,) = known - {name for down, name in links if down}
    return known, head
