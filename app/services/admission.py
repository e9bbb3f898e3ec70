"""Who may come in with a GitHub account."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from app.clock import utcnow
from app.config import settings
from app.errors import DomainError, Forbidden
from app.extensions import db
from app.models import Invitation, User
from app.models.user import BLOCKED
from app.services import accounts, audit
from app.services.audit import Act
from app.services.transactions import transaction

if TYPE_CHECKING:
    from app.clients.github import GithubUser


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What GitHub gave to whoever signs in: an access token, or a code for one."""

    access_token: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    verifier: str | None = field(default=None, repr=False)


def admit(proof: Proof) -> User:
    """Return the user behind a proof; one who is admitted for the first time is created.

    He is known by his GitHub id, or linked by his email, which GitHub has verified. Raises
    Unauthorized, Forbidden, Unavailable; a refusal is told in the audit log.
    """
    found: GithubUser | None = None
    try:
        found = _ask_github(proof)
        return _known(found) or _create(found)
    except DomainError as error:
        if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            _tell_refusal(found, error)
        raise


def _ask_github(proof: Proof) -> "GithubUser":
    from app.clients.github import GithubApp  # noqa: PLC0415 - it costs 6 MB, and few sign in

    github = GithubApp(settings())
    token = proof.access_token
    if token is None:
        token = github.exchange(str(proof.code), proof.redirect_uri, proof.verifier)
    return github.identify(token)


@transaction
def _known(found: "GithubUser") -> User | None:
    return _linked(found)


@transaction
def _create(found: "GithubUser") -> User:
    # Two first sign-ins at once must not both find that nobody is there.
    audit.hold()
    user = _linked(found)
    if user is not None:
        return user
    if not _is_admitted(found):
        raise _refused(found, "not admitted")
    user = accounts.add_user(found.name, found.email, found.login)
    user.github_id = found.id
    _take_login(user, found.login)
    label = accounts.label_of(user)
    audit.record(Act.USER_CREATED, label, label, user_id=user.id, github_login=found.login)
    return user


def _linked(found: "GithubUser") -> User | None:
    user = db.session.scalar(select(User).where(User.github_id == found.id))
    if user is None:
        user = db.session.scalar(select(User).where(User.email == found.email))
        if user is None:
            return None
        if user.github_id not in {None, found.id}:  # his own: he came twice at once
            raise _refused(found, "the email belongs to another GitHub account")
    if user.role == BLOCKED:
        raise _refused(found, "blocked")
    user.github_id = found.id
    if user.github_login != found.login:  # new, or renamed at GitHub
        _take_login(user, found.login)
    return user


def _take_login(user: User, login: str) -> None:
    """Give him his login; whoever had it here before was renamed at GitHub, and has it no more."""
    now = utcnow()
    others = select(User.id).where(func.lower(User.github_login) == login.lower())
    # By their ids: an update that has to look for them would lock all users.
    ids = list(db.session.scalars(others.where(User.id != user.id)))
    if ids:
        changes = {"github_login": None, "updated_at": now}
        db.session.execute(update(User).where(User.id.in_(ids)).values(changes))
    user.github_login, user.updated_at = login, now


def _is_admitted(found: "GithubUser") -> bool:
    """Tell whether a user may be made: without any list also the very first one."""
    own = settings()
    listed = bool(own.allow_logins or own.allow_orgs or own.allow_domains)
    return (
        own.signup == "open"
        or found.login.lower() in own.allow_logins
        or found.email.rpartition("@")[2] in own.allow_domains
        or bool(found.orgs)
        or _is_invited(found.login)
        or (not listed and db.session.scalar(select(User.id).limit(1)) is None)
    )


def _is_invited(login: str) -> bool:
    offers = select(Invitation.id).where(
        Invitation.github_login == login.lower(), Invitation.expires_at > utcnow()
    )
    return db.session.scalar(offers.limit(1)) is not None


def _refused(found: "GithubUser", reason: str) -> Forbidden:
    """Return the one answer for all who are not admitted; `reason` is for the audit log."""
    detail = (
        f"{found.login} is not admitted here. Ask the operator for "
        f"`flask deployr user create --email {found.email}`, or a member for an invitation."
    )
    if found.silent_orgs:
        orgs = ", ".join(found.silent_orgs)
        detail += (
            f" If you are a member of {orgs}: its owners must approve this app at GitHub first."
        )
    refusal = Forbidden("not_admitted", detail)
    refusal.add_note(reason)
    return refusal


@transaction
def _tell_refusal(found: "GithubUser | None", error: DomainError) -> None:
    who = f"github:{found.id} {found.login}" if found else "github:unknown"
    reason = ", ".join(getattr(error, "__notes__", [error.code]))
    audit.record(Act.SIGN_IN_REFUSED, who, "sign-in", reason=reason)
