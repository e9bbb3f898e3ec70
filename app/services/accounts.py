"""Users: created by the operator or by signing in with GitHub."""

import itertools
import re
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import IntegrityError

from app.clients.github import GithubUser
from app.clock import utcnow
from app.config import settings
from app.errors import Conflict, DomainError, Forbidden, Invalid
from app.extensions import db
from app.models import ApiToken, User
from app.services.transactions import transaction
from deployr.tokens import TokenKind, digest, make_token

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
def issue_token(email: str) -> str:
    """Return a new API token of the user with this email. Raises NotFound."""
    return _add_token(_user_of(email), "command line")


@transaction
def revoke_tokens(email: str) -> int:
    """End all API tokens of the user with this email; return how many there were.

    Raises NotFound.
    """
    user = _user_of(email)
    revoked = db.session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=utcnow())
    )
    return cast("CursorResult[Any]", revoked).rowcount


def list_users() -> list[User]:
    """Return all users."""
    return list(db.session.scalars(select(User).order_by(User.id)))


def admit(found: GithubUser) -> tuple[User, str]:
    """Return the user behind a GitHub account and a new API token.

    He is known by his GitHub id, or linked by his verified email. Raises Forbidden when he is
    not admitted.
    """
    try:
        return _admit(found)
    except IntegrityError:  # two first sign-ins at once: the other one made the user
        return _admit(found)


@transaction
def _create_user(name: str, email: str) -> tuple[User, str]:
    user = _add_user(name, email)
    return user, _add_token(user, "first")


@transaction
def _admit(found: GithubUser) -> tuple[User, str]:
    user = db.session.scalar(select(User).where(User.github_id == found.id))
    if user is None:
        user = db.session.scalar(select(User).where(User.email == found.email))
        if user is None and settings().signup == "closed":
            raise _not_admitted(found)
        if user is not None and user.github_id is not None:
            raise Forbidden("not_admitted", f"{found.email} belongs to another GitHub account.")
        user = user or _add_user(found.name, found.email, found.login)
        user.github_id = found.id
    user.github_login = found.login
    user.updated_at = utcnow()
    return user, _add_token(user, "GitHub")


def _user_of(email: str) -> User:
    user = db.session.scalar(select(User).where(User.email == email.lower()))
    if user is None:
        raise NoSuchUser(email)
    return user


def _add_user(name: str, email: str, login: str | None = None) -> User:
    """Insert a user; the first one there is becomes the admin."""
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


def _free_handle(wanted: str) -> str:
    base = _NOT_OF_HANDLES.sub("-", wanted.lower()).strip("-")[:40] or "user"
    taken = set(db.session.scalars(select(User.handle).where(User.handle.startswith(base))))
    numbered = (f"{base}-{number}" for number in itertools.count(2))
    return next(handle for handle in itertools.chain([base], numbered) if handle not in taken)


def _add_token(user: User, name: str) -> str:
    token = make_token(TokenKind.USER)
    db.session.add(
        ApiToken(
            user_id=user.id,
            name=name,
            token=digest(token),
            prefix=token[:8],
            last_four=token[-4:],
            created_at=utcnow(),
        )
    )
    return token


def _not_admitted(found: GithubUser) -> Forbidden:
    return Forbidden(
        "not_admitted",
        f"{found.login} has no account here. Ask the operator for "
        f"`flask deployr user create --email {found.email}`.",
    )
