"""Users and their API tokens, as the operator and signing in make them."""

import itertools
import re
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.errors import Conflict, DomainError, Forbidden, Invalid
from app.extensions import db
from app.models import (
    ApiToken,
    BrowserSession,
    Invitation,
    RegistrationCode,
    Runner,
    RunnerShare,
    User,
)
from app.models.user import BLOCKED
from app.services import audit, sessions, tokens
from app.services.audit import OPERATOR, Act
from app.services.transactions import transaction
from deployr.roles import Scope

SIGN_IN_LASTS = timedelta(days=365)
"""How long a token of `deployr login` works."""

_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
_NOT_OF_HANDLES = re.compile(r"[^a-z0-9-]+")
_MAX_TEXT = 255


class NoSuchUser(DomainError):  # noqa: N818 - like its kin in app.errors
    """Told to operators only, who may see all users."""

    def __init__(self, email: str) -> None:
        super().__init__(
            "no_such_user", f"There is no user {email}; see `flask deployr user list`."
        )


def create_user(name: str, email: str) -> tuple[User, str]:
    """Create a user; return him and his first API token. Raises Invalid, Conflict."""
    if not _EMAIL.fullmatch(email) or len(email) > _MAX_TEXT:
        raise Invalid.field("email", "is not an email address")
    if not name.strip() or len(name) > _MAX_TEXT:
        raise Invalid.field("name", f"must have 1 to {_MAX_TEXT} characters")
    try:
        return _create_user(name.strip(), email.lower())
    except IntegrityError:
        how = "make a token with `flask deployr user token`"
        detail = f"There is a user with {email} already; {how}."
        raise Conflict("email_taken", detail) from None


@transaction
def revoke_tokens(email: str) -> int:
    """End all API tokens and sessions of the user with this email; return how many tokens.

    Raises NotFound.
    """
    user = user_of(email)
    count, browsers = _end_access(user)
    if count or browsers:
        told = {"count": count, "sessions": browsers}
        audit.record(Act.TOKEN_REVOKED, OPERATOR, "tokens: all", user_id=user.id, **told)
    return count


@transaction
def block_user(email: str) -> None:
    """End all access of the user with this email and let him sign in no more.

    Raises NoSuchUser.
    """
    user = user_of(email)
    _set_role(user, BLOCKED)
    count, browsers = _end_access(user)
    told = {"count": count, "sessions": browsers}
    audit.record(Act.USER_BLOCKED, OPERATOR, label_of(user), user_id=user.id, **told)


@transaction
def unblock_user(email: str) -> None:
    """Let a blocked user sign in again, as one without rights of an admin. Raises NoSuchUser."""
    user = user_of(email)
    if user.role == BLOCKED:
        _set_role(user, "user")
        audit.record(Act.USER_UNBLOCKED, OPERATOR, label_of(user), user_id=user.id)


def _end_access(user: User) -> tuple[int, int]:
    """Return how many tokens and how many sessions there were; unused codes end with them.

    So do, of a blocked one, his invitations and the shares of his runners: they work on for his own
    projects alone.
    """
    code, share = RegistrationCode, RunnerShare
    db.session.execute(
        update(code)
        .where(code.user_id == user.id, code.used_at.is_(None), code.expires_at > utcnow())
        .values(expires_at=utcnow())
    )
    if user.role == BLOCKED:
        runners = select(Runner.id).where(Runner.user_id == user.id)
        db.session.execute(delete(share).where(share.runner_id.in_(runners)))
        db.session.execute(delete(Invitation).where(Invitation.invited_by == user.id))
    browsers = sessions.close(BrowserSession.user_id == user.id)
    revoked = db.session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=utcnow())
    )
    return cast("CursorResult[Any]", revoked).rowcount, browsers


def _set_role(user: User, role: str) -> None:
    user.role = role
    user.updated_at = utcnow()
    db.session.flush()


def list_users() -> list[User]:
    """Return all users."""
    return list(db.session.scalars(select(User).order_by(User.id)))


@transaction
def sign_in(user_id: int, token_name: str) -> str:
    """Return a new API token of a user who has just proved who he is."""
    user = db.session.get_one(User, user_id, with_for_update=True)
    if user.role == BLOCKED:  # meanwhile
        raise Forbidden("not_admitted", "This account is blocked.")
    row, token = tokens.add_token(user.id, token_name, Scope.ADMIN, utcnow() + SIGN_IN_LASTS)
    by = label_of(user)
    audit.record(Act.SIGNED_IN, by, tokens.label(row), user_id=user.id)
    tokens.tell_created(by, row)
    return token


def label_of(user: User) -> str:
    """Return what the audit log calls a user."""
    return f"user:{user.id} {user.handle or user.name}"


def user_of(email: str) -> User:
    """Return the user with this email. Raises NoSuchUser."""
    user = db.session.scalar(select(User).where(User.email == email.lower()))
    if user is None:
        raise NoSuchUser(email)
    return user


def add_user(name: str, email: str, login: str | None = None) -> User:
    """Insert a user within a transaction that holds the audit log; the first becomes the admin."""
    now = utcnow()
    user = User(
        name=name,
        email=email,
        handle=_free_handle(login or email.partition("@")[0]),
        role="user" if db.session.scalar(select(User.id).limit(1)) else "admin",
        created_at=now,
        updated_at=now,
    )
    db.session.add(user)
    db.session.flush()
    return user


@transaction
def _create_user(name: str, email: str) -> tuple[User, str]:
    audit.hold()
    user = add_user(name, email)
    row, token = tokens.add_token(user.id, "first", Scope.ADMIN, None)
    audit.record(Act.USER_CREATED, OPERATOR, label_of(user), user_id=user.id)
    tokens.tell_created(OPERATOR, row)
    return user, token


def _free_handle(wanted: str) -> str:
    base = _NOT_OF_HANDLES.sub("-", wanted.lower()).strip("-")[:40] or "user"
    taken = set(db.session.scalars(select(User.handle).where(User.handle.startswith(base))))
    numbered = (f"{base}-{number}" for number in itertools.count(2))
    return next(handle for handle in itertools.chain([base], numbered) if handle not in taken)
