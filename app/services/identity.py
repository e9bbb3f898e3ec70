"""Who is behind a bearer token."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.clock import utcnow
from app.config import settings
from app.errors import Forbidden, Unauthorized
from app.extensions import db, execute
from app.models import ApiToken, Runner, User
from app.models.user import BLOCKED
from app.services import alive
from app.services.handles import handle_of
from app.services.transactions import transaction
from deployr.roles import Scope
from deployr.tokens import TokenKind, digest, is_wellformed

_HOW = {
    TokenKind.USER: "sign in with `deployr login`.",
    TokenKind.RUNNER: "register the runner again with a new code.",
}
OVERLAP = timedelta(hours=1)
"""How long a runner's old token works after the first use of the one that replaces it."""


@dataclass(frozen=True, kw_only=True)
class UserActor:
    """The user who makes a request."""

    id: int
    name: str
    email: str
    github_login: str | None
    handle: str
    role: str
    scope: Scope
    token_id: int | None
    """Null for a session in a browser."""
    stamped: bool
    """This request is the first for a while: the time for chores that need not be done often."""

    @property
    def label(self) -> str:
        """What the audit log calls him."""
        return f"user:{self.id} {self.handle}"


@dataclass(frozen=True, kw_only=True)
class RunnerActor:
    """The runner that makes a request."""

    id: int
    user_id: int
    name: str
    labels: tuple[str, ...]
    digest: str = field(repr=False)
    """Of the token with which it came."""
    stamped: bool
    """As of UserActor."""

    @property
    def label(self) -> str:
        """What the audit log calls it."""
        return f"runner:{self.id} {self.name}"


def user_by_token(token: str) -> UserActor:
    """Return the user whose token it is. Raises Unauthorized or Forbidden."""
    hashed = _digest(token, TokenKind.USER)
    user = (User.id, User.name, User.email, User.github_login, User.handle, User.role)
    row = db.session.execute(
        select(
            *user,
            ApiToken.token,
            ApiToken.scope,
            ApiToken.id.label("token_id"),
            ApiToken.last_used_at,
            ApiToken.expires_at,
            ApiToken.revoked_at,
        )
        .join_from(ApiToken, User, ApiToken.user_id == User.id)
        .where(ApiToken.token == hashed, User.role != BLOCKED)
    ).first()
    now = utcnow()
    if row is None or not hmac.compare_digest(row.token, hashed) or row.revoked_at is not None:
        raise _unknown(TokenKind.USER)
    if row.expires_at is not None and row.expires_at <= now:
        raise _expired(row.expires_at)
    due = is_due(row.last_used_at, now)
    if due:
        _stamp_token(row.token_id, now)
    return UserActor(
        id=row.id,
        name=row.name,
        email=row.email,
        github_login=row.github_login,
        handle=handle_of(row.id, row.handle),
        role=row.role,
        scope=Scope(row.scope),
        token_id=row.token_id,
        stamped=due,
    )


def check_scope(user: UserActor, needed: Scope) -> None:
    """Raise Forbidden when the user's token may not do what needs `needed`."""
    if not user.scope.covers(needed):
        raise Forbidden(
            "scope_too_small",
            f"This token has the scope {user.scope}; this needs {needed}. Sign in with "
            f"`deployr login`, or make another one: `deployr tokens create NAME --scope {needed}`.",
        )


def runner_by_token(token: str) -> RunnerActor:
    """Return the runner whose token it is. Raises Unauthorized or Forbidden.

    A rotated one works on until OVERLAP after the first use of its successor.
    """
    hashed = _digest(token, TokenKind.RUNNER)
    now = utcnow()
    row = _known(_BY_TOKEN, hashed)
    succeeds = row is not None and row.old_token is not None and row.old_token_until is None
    if row is None:
        row = _known(_BY_OLD_TOKEN, hashed)
        if row is None or (row.old_token_until is not None and row.old_token_until <= now):
            raise _unknown(TokenKind.RUNNER)
    due = is_due(row.last_seen_at, now)
    if due or succeeds:
        _stamp_runner(row.id, now, hashed if succeeds else None)
    return RunnerActor(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        labels=tuple(row.labels.split()),
        digest=hashed,
        stamped=due,
    )


def _select_runner(column: InstrumentedAttribute[Any]) -> Select[Any]:
    facts = (Runner.id, Runner.user_id, Runner.name, Runner.labels, Runner.last_seen_at)
    rotation = (Runner.old_token, Runner.old_token_until)
    known = (column == bindparam("hashed"), Runner.revoked_at.is_(None))
    return select(*facts, *rotation, column.label("known")).where(*known)


_BY_TOKEN = _select_runner(Runner.token)  # built once: that takes longer than to execute it
_BY_OLD_TOKEN = _select_runner(Runner.old_token)
_SEEN = (
    update(Runner).where(Runner.id == bindparam("stamped")).values(last_seen_at=bindparam("now"))
)
_USED = (
    update(ApiToken)
    .where(ApiToken.id == bindparam("stamped"))
    .values(last_used_at=bindparam("now"))
)


def _known(query: Select[Any], hashed: str) -> Row[Any] | None:
    row = execute(query, {"hashed": hashed}).first()
    return row if row is not None and hmac.compare_digest(row.known, hashed) else None


def _digest(token: str, kind: TokenKind) -> str:
    if is_wellformed(token, kind):
        return digest(token)
    if any(is_wellformed(token, other) for other in TokenKind):
        raise Forbidden("wrong_token", f"This needs a token that starts with {kind}.")
    raise _unknown(kind)


def _unknown(kind: TokenKind) -> Unauthorized:
    return Unauthorized("unauthorized", f"The token is missing, wrong or revoked; {_HOW[kind]}")


def _expired(at: datetime) -> Unauthorized:
    """Return what only the bearer of the whole token can be told."""
    day = f"{at:%Y-%m-%d}"
    return Unauthorized("token_expired", f"The token expired on {day}; {_HOW[TokenKind.USER]}")


def is_due(stamped: datetime | None, now: datetime) -> bool:
    """Tell whether a sign of life is to be written again."""
    return stamped is None or now - stamped >= timedelta(seconds=settings().stamp_seconds)


@transaction
def _stamp_token(token_id: int, now: datetime) -> None:
    execute(_USED, {"stamped": token_id, "now": now})
    alive.touch(now)


@transaction
def _stamp_runner(runner_id: int, now: datetime, first_use_of: str | None) -> None:
    execute(_SEEN, {"stamped": runner_id, "now": now})
    if first_use_of is not None:
        succeeded = (Runner.token == first_use_of, Runner.old_token_until.is_(None))
        until = update(Runner).where(Runner.id == runner_id, *succeeded)
        db.session.execute(until.values(old_token_until=now + OVERLAP))
    alive.touch(now)
