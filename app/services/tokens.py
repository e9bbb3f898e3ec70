"""API tokens of a user: made, listed and revoked by himself."""

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, or_, select

from app.clock import utcnow
from app.errors import Conflict, NotFound, Unauthorized
from app.extensions import db
from app.models import ApiToken
from app.services import audit
from app.services.audit import Act
from app.services.identity import UserActor, check_scope
from app.services.paging import Page, Window
from app.services.transactions import transaction
from deployr.roles import Scope
from deployr.tokens import TokenKind, digest, make_token

MAX_LIVE = 100
"""Tokens of one user that work."""

KEPT = timedelta(days=30)
"""How long a dead token stays in the list."""


def list_tokens(user: UserActor, window: Window) -> Page[ApiToken]:
    """Return a page of the user's tokens, also of those that died lately."""
    query = select(ApiToken).where(ApiToken.user_id == user.id)
    rows = list(db.session.scalars(window.select(query, ApiToken.id)))
    return window.page(rows, [row.id for row in rows])


def current_token(user: UserActor) -> ApiToken | None:
    """Return the token with which the user came; None: without one, by a session."""
    return db.session.get(ApiToken, user.token_id) if user.token_id is not None else None


@transaction
def create_token(
    user: UserActor, name: str, scope: Scope, expires_in_days: int | None
) -> tuple[ApiToken, str]:
    """Make a token; return its row, and itself, which is known only now.

    The caller's own token must have the scope admin, so that none makes one that may more. Raises
    Unauthorized when it was revoked meanwhile; Conflict `too_many_tokens`.
    """
    own = (ApiToken.id == user.token_id, ApiToken.revoked_at.is_(None))
    if db.session.scalar(select(ApiToken.id).where(*own).with_for_update()) is None:
        raise Unauthorized("unauthorized", "The token was revoked; sign in with `deployr login`.")
    if _count_live(user.id) >= MAX_LIVE:
        detail = f"You have {MAX_LIVE} tokens; revoke some first: `deployr tokens`."
        raise Conflict("too_many_tokens", detail)
    ends = None if expires_in_days is None else utcnow() + timedelta(days=expires_in_days)
    row, token = add_token(user.id, name, scope, ends)
    tell_created(user.label, row)
    return row, token


@transaction
def revoke_token(user: UserActor, token_id: int) -> ApiToken:
    """Make a token of the user stop working; asked again, nothing changes.

    Every token may revoke itself. Raises Forbidden, NotFound.
    """
    if token_id != user.token_id:
        check_scope(user, Scope.ADMIN)
    row = db.session.get(ApiToken, token_id, with_for_update=True, populate_existing=True)
    if row is None or row.user_id != user.id:
        raise NotFound("token")
    if row.revoked_at is None:
        row.revoked_at = utcnow()
        audit.record(Act.TOKEN_REVOKED, user.label, label(row), user_id=user.id)
    return row


def add_token(
    user_id: int, name: str, scope: Scope, expires_at: datetime | None
) -> tuple[ApiToken, str]:
    """Insert a token. Runs inside a transaction, which says so in the audit log."""
    token = make_token(TokenKind.USER)
    row = ApiToken(
        user_id=user_id,
        name=name,
        token=digest(token),
        scope=scope,
        prefix=token[:8],
        last_four=token[-4:],
        expires_at=expires_at,
        created_at=utcnow(),
    )
    db.session.add(row)
    db.session.flush()
    return row, token


def tell_created(by: str, row: ApiToken) -> None:
    """Record a new token in the audit log, at the end of a transaction."""
    ends = row.expires_at and row.expires_at.isoformat()
    audit.record(
        Act.TOKEN_CREATED, by, label(row), user_id=row.user_id, scope=row.scope, expires_at=ends
    )


def label(row: ApiToken) -> str:
    """Return what the audit log calls a token."""
    return f"token:{row.id} {row.name}"


def drop_dead(user_id: int | None, most: int) -> None:
    """Forget up to `most` tokens (None: of all users) that died long ago. Runs inside a transaction."""
    limit = utcnow() - KEPT
    dead = or_(ApiToken.revoked_at < limit, ApiToken.expires_at < limit)
    query = select(ApiToken.id).where(dead).limit(most)
    if user_id is not None:
        query = query.where(ApiToken.user_id == user_id)
    if ids := list(db.session.scalars(query)):
        db.session.execute(delete(ApiToken).where(ApiToken.id.in_(ids)))


def _count_live(user_id: int) -> int:
    token, now = ApiToken, utcnow()
    lives = and_(
        token.user_id == user_id,
        token.revoked_at.is_(None),
        or_(token.expires_at.is_(None), token.expires_at > now),
    )
    return db.session.scalar(select(func.count()).where(lives)) or 0
