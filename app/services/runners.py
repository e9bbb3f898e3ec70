"""Runners of a user: registration by a one-time code, revoking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.config import settings
from app.errors import Conflict, NotFound, Unauthorized, UpgradeRequired
from app.extensions import db, execute
from app.models import RegistrationCode, Runner, RunnerShare
from app.schemas.runners import Registration
from app.services import audit
from app.services.audit import Act
from app.services.identity import RunnerActor, UserActor
from app.services.runner_rows import SeenRunner, seen
from app.services.shares import end_shares_by
from app.services.transactions import RacedError, changed, transaction
from deployr.tokens import TokenKind, digest, is_wellformed, make_token
from deployr.wire import MIN_PROTOCOL

CODE_LIFETIME = timedelta(minutes=15)
REISSUE_WITHIN = timedelta(minutes=10)
"""The same runner may ask again with its used code: the answer may have been lost."""

TELLABLE = 2000
"""Online runners that a poll counts at least; more make no difference beyond the budget."""

_SEEN = select(Runner.id).where(Runner.last_seen_at > bindparam("since"))
_COUNT_SEEN = select(func.count()).select_from(_SEEN.subquery())
_COUNT_SOME = select(func.count()).select_from(
    _SEEN.limit(bindparam("most", type_=Integer)).subquery()
)
_SHARES = select(RunnerShare.runner_id).where(RunnerShare.runner_id == bindparam("runner"))
_SURROUNDINGS = select(_COUNT_SOME.scalar_subquery(), _SHARES.exists())


@dataclass(frozen=True, kw_only=True)
class NewRunner:
    """A registered runner and its token, which is known only now."""

    id: int
    name: str
    token: str


def is_online(runner: Runner) -> bool:
    """Tell whether a runner was seen lately and may come again."""
    return (
        runner.revoked_at is None
        and runner.last_seen_at is not None
        and runner.last_seen_at > _online_since()
    )


def count_online() -> int:
    """Return how many runners of all users were seen lately."""
    return db.session.scalar(_COUNT_SEEN, {"since": _online_since()}) or 0


def surroundings(runner: RunnerActor) -> tuple[int, bool]:
    """Return how many runners are online, as far as it matters, and whether `runner` is shared."""
    limits = settings()
    most = max(TELLABLE, int(limits.poll_budget * limits.poll_max_seconds))
    values = {"since": _online_since(), "runner": runner.id, "most": most}
    online, is_lent = execute(_SURROUNDINGS, values).one()
    return online, bool(is_lent)


def check_protocol(protocol: int) -> None:
    """Raise UpgradeRequired for a runner that this backend no longer understands."""
    if protocol < MIN_PROTOCOL:
        detail = f"Update the runner: it speaks protocol {protocol}, needed is {MIN_PROTOCOL}."
        raise UpgradeRequired("protocol_too_old", detail)


def create_code(user: UserActor) -> tuple[str, datetime]:
    """Return a new registration code and when it expires."""
    code = make_token(TokenKind.REGISTRATION_CODE)
    expires_at = utcnow() + CODE_LIFETIME
    _insert_code(user, code, expires_at)
    return code, expires_at


def revoke_runner(user: UserActor, runner_id: int) -> SeenRunner:
    """Make a runner's token stop working, free its name and end its shares. Raises NotFound."""
    _revoke(user, runner_id)
    return seen(user, runner_id)


def register(user: UserActor | None, wanted: Registration) -> NewRunner:
    """Register a runner for the owner of `wanted.code`, else for `user`.

    Raises Unauthorized, Conflict `name_taken`, UpgradeRequired.
    """
    check_protocol(wanted.protocol)
    token = make_token(TokenKind.RUNNER)
    try:
        if wanted.code is not None:
            return _register_by_code(wanted.code, wanted, token)
        if user is not None:
            return _register_for(user, wanted, token)
    except IntegrityError:
        detail = f"You have a runner named {wanted.name} already; take another name or revoke it."
        raise Conflict("name_taken", detail) from None
    raise Unauthorized("unauthorized", "Send a registration code, or a user's bearer token.")


@transaction
def _insert_code(user: UserActor, code: str, expires_at: datetime) -> None:
    db.session.add(
        RegistrationCode(
            user_id=user.id, code=digest(code), expires_at=expires_at, created_at=utcnow()
        )
    )
    audit.record(Act.CODE_CREATED, user.label, f"user:{user.id} {user.handle}", user_id=user.id)


@transaction
def _revoke(user: UserActor, runner_id: int) -> None:
    runner = db.session.get(Runner, runner_id, with_for_update=True)
    if runner is None or runner.user_id != user.id:
        raise NotFound("runner")
    if runner.revoked_at is None:
        runner.revoked_at = runner.updated_at = utcnow()
        runner.name_key = None
        end_shares_by(runner.id)
        audit.record(Act.RUNNER_REVOKED, user.label, runner.label, user_id=user.id)


@transaction
def _register_for(user: UserActor, wanted: Registration, token: str) -> NewRunner:
    runner = _add(user.id, wanted, token)
    audit.record(Act.RUNNER_REGISTERED, user.label, runner.label, user_id=user.id)
    return NewRunner(id=runner.id, name=runner.name, token=token)


@transaction
def _register_by_code(text: str, wanted: Registration, token: str) -> NewRunner:
    known = is_wellformed(text, TokenKind.REGISTRATION_CODE)
    query = select(RegistrationCode).where(RegistrationCode.code == digest(text))
    # Locked, so that of two who come at once the second sees what became of it.
    code = db.session.scalar(query.with_for_update()) if known else None
    now = utcnow()
    if code is None or (code.used_at is None and code.expires_at <= now):
        raise _bad_code()
    if code.used_at is not None:
        runner = _reissue(code, wanted, token)
    else:
        runner = _add(code.user_id, wanted, token)
        _use(code.id, runner.id, wanted)
    # By itself: of a code it is only known whose it is, not who brought it.
    audit.record(Act.RUNNER_REGISTERED, runner.label, runner.label, user_id=runner.user_id)
    return NewRunner(id=runner.id, name=runner.name, token=token)


def _use(code_id: int, runner_id: int, wanted: Registration) -> None:
    code = RegistrationCode
    used = db.session.execute(
        update(code)
        .where(code.id == code_id, code.used_at.is_(None))
        .values(used_at=utcnow(), runner_id=runner_id, instance_id=wanted.instance_id)
    )
    if not changed(used):
        raise RacedError


def _reissue(code: RegistrationCode, wanted: Registration, token: str) -> Runner:
    runner = db.session.get(Runner, code.runner_id)
    same = wanted.instance_id is not None and wanted.instance_id == code.instance_id
    lately = code.used_at is not None and utcnow() - code.used_at < REISSUE_WITHIN
    if runner is None or not (same and lately) or runner.revoked_at is not None:
        raise _bad_code()
    runner.token, runner.old_token, runner.old_token_until = digest(token), None, None
    runner.updated_at = utcnow()
    return runner


def _add(user_id: int, wanted: Registration, token: str) -> Runner:
    now = utcnow()
    runner = Runner(
        user_id=user_id,
        name=wanted.name,
        name_key=wanted.name,
        token=digest(token),
        labels="\n".join(wanted.labels),
        capacity=wanted.capacity,
        version=wanted.version,
        hostname=wanted.hostname,
        created_at=now,
        updated_at=now,
    )
    db.session.add(runner)
    db.session.flush()
    return runner


def _bad_code() -> Unauthorized:
    detail = "The registration code is wrong, used or too old; make a new one."
    return Unauthorized("bad_code", detail)


def _online_since() -> datetime:
    return utcnow() - timedelta(seconds=settings().online_seconds)
