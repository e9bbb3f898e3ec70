"""Rate limits that hold across processes and machines: counters in the database."""

import hashlib
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.errors import TooMany
from app.extensions import db
from app.models import RateLimit
from app.origin import origin
from app.services.transactions import RacedError, changed, transaction

WINDOW_SECONDS = 60
_KEPT = timedelta(hours=1)


def allow(what: str, most: int) -> None:
    """Count a try of the current request's address at `what`; at most `most` a minute are let in.

    An IPv6 network of 64 bits counts as one address. Raises TooMany.
    """
    now = int(utcnow().timestamp())
    window = now - now % WINDOW_SECONDS
    if _count(_subject(what), window) > most:
        raise TooMany(window + WINDOW_SECONDS - now)


def drop_old(most: int) -> None:
    """Forget at most `most` counters of windows that are long over. Runs inside a transaction."""
    counter = RateLimit
    limit = int((utcnow() - _KEPT).timestamp())
    old = select(counter.subject, counter.window).where(counter.window < limit).limit(most)
    rows = db.session.execute(old).all()
    if rows:
        chosen = [
            and_(counter.subject == row.subject, counter.window == row.window) for row in rows
        ]
        db.session.execute(delete(counter).where(or_(*chosen)))


@transaction
def _count(subject: str, window: int) -> int:
    counter = (subject, window)
    mine = (RateLimit.subject == subject, RateLimit.window == window)
    more = update(RateLimit).where(*mine).values(tries=RateLimit.tries + 1)
    if changed(db.session.execute(more.execution_options(synchronize_session=False))):
        return db.session.get_one(RateLimit, counter, populate_existing=True).tries
    db.session.add(RateLimit(subject=subject, window=window, tries=1))
    try:
        db.session.flush()
    except IntegrityError:
        raise RacedError from None
    return 1


def _subject(what: str) -> str:
    return hashlib.sha256(f"{what} {_network(origin().address)}".encode()).hexdigest()


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found)
