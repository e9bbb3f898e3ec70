"""Browsers that are signed in: each holds a secret that ends here, whatever the browser does."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, delete, select, update

from app.clock import utcnow
from app.errors import NotFound
from app.extensions import db
from app.models import BrowserSession, User
from app.models.user import BLOCKED
from app.origin import origin
from app.services import alive, audit
from app.services.audit import Act
from app.services.identity import UserActor, is_due
from app.services.transactions import transaction
from deployr.roles import Scope
from deployr.tokens import TokenKind, digest, is_wellformed, make_token

LASTS = timedelta(days=30)
IDLE = timedelta(days=7)
"""A session ends after the first of both: since it began, and since it was last seen."""

_SHOWN = 100
_MAX_BROWSER = 255


@dataclass(frozen=True, kw_only=True)
class Session:
    """The session of a request."""

    id: int
    user: UserActor
    digest: str = field(repr=False)


@transaction
def begin(user_id: int, browser: str, replaced: Session | None = None) -> str:
    """Sign in a user who has just proved who he is; return a new secret for his browser.

    `replaced` is the session that the browser had before, maybe another user's: it ends.
    """
    now = utcnow()
    secret = make_token(TokenKind.SESSION)
    row = BrowserSession(
        user_id=user_id,
        session=digest(secret),
        browser=browser[:_MAX_BROWSER],
        address=origin().address,
        last_seen_at=now,
        expires_at=now + LASTS,
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    user = _actor(db.session.get_one(User, user_id), stamped=True)
    if replaced is not None and close(BrowserSession.id == replaced.id):
        _tell_end(replaced.user, f"session:{replaced.id}")
    audit.record(Act.SIGNED_IN, user.label, f"session:{row.id}", user_id=user_id, how="browser")
    return secret


def by_secret(secret: str) -> Session | None:
    """Return the session that a browser's secret stands for, if it goes on."""
    if not is_wellformed(secret, TokenKind.SESSION):
        return None
    hashed = digest(secret)
    now = utcnow()
    query = select(BrowserSession, User).join(User, User.id == BrowserSession.user_id)
    found = db.session.execute(
        query.where(BrowserSession.session == hashed, _goes_on(now), User.role != BLOCKED)
    ).first()
    if found is None or not hmac.compare_digest(found[0].session, hashed):
        return None
    row, user = found
    session_id, due = row.id, is_due(row.last_seen_at, now)
    actor = _actor(user, stamped=due)
    if due:
        _stamp(session_id, now)
    return Session(id=session_id, user=actor, digest=hashed)


def list_of(user: UserActor) -> list[BrowserSession]:
    """Return the sessions of a user that go on, at most a hundred, last seen first."""
    mine = (BrowserSession.user_id == user.id, _goes_on(utcnow()))
    order = (BrowserSession.last_seen_at.desc(), BrowserSession.id.desc())
    query = select(BrowserSession).where(*mine).order_by(*order).limit(_SHOWN)
    return list(db.session.scalars(query))


@transaction
def end(user: UserActor, session_id: int) -> None:
    """End a session of the user's own. Raises NotFound."""
    mine = and_(BrowserSession.id == session_id, BrowserSession.user_id == user.id)
    if db.session.scalar(select(BrowserSession.id).where(mine)) is None:
        raise NotFound("session")
    if close(mine):
        _tell_end(user, f"session:{session_id}")


@transaction
def end_all(user: UserActor) -> None:
    """End all sessions of the user's own."""
    if close(BrowserSession.user_id == user.id):
        _tell_end(user, "sessions: all")


def close(which: ColumnElement[bool]) -> int:
    """End sessions and return how many had not ended before. Runs inside a transaction."""
    going_on = update(BrowserSession).where(which, BrowserSession.revoked_at.is_(None))
    closed = db.session.execute(going_on.values(revoked_at=utcnow()))
    return cast("CursorResult[Any]", closed).rowcount


def drop_old(limit: int) -> None:
    """Forget at most so many sessions that are over. Runs inside a transaction."""
    over = BrowserSession.expires_at < utcnow()
    ids = db.session.scalars(select(BrowserSession.id).where(over).limit(limit)).all()
    if ids:
        db.session.execute(delete(BrowserSession).where(BrowserSession.id.in_(ids)))


def _tell_end(user: UserActor, thing: str) -> None:
    audit.record(Act.SIGNED_OUT, user.label, thing, user_id=user.id, how="browser")


def _goes_on(now: datetime) -> ColumnElement[bool]:
    return and_(
        BrowserSession.revoked_at.is_(None),
        BrowserSession.expires_at > now,
        BrowserSession.last_seen_at > now - IDLE,
    )


@transaction
def _stamp(session_id: int, now: datetime) -> None:
    mine = update(BrowserSession).where(BrowserSession.id == session_id)
    db.session.execute(mine.values(last_seen_at=now))
    alive.touch(now)


def _actor(user: User, *, stamped: bool) -> UserActor:
    return UserActor(
        id=user.id,
        name=user.name,
        email=user.email,
        github_login=user.github_login,
        handle=user.handle or f"user-{user.id}",
        role=user.role,
        scope=Scope.ADMIN,
        token_id=None,
        stamped=stamped,
    )
