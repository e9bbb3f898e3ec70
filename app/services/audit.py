"""The audit log: who did what, when and from where, in a chain that shows any change."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.errors import Unavailable
from app.extensions import WRITES, db
from app.models import AuditEvent, AuditHead
from app.origin import origin
from app.services.audit_text import as_json, plain
from app.services.transactions import RacedError

OPERATOR = "operator"
"""The actor of what is done at the server's own shell."""

GENESIS = "0" * 64
"""What stands for the hash of an event before the first one."""

# Of tables, not of objects: half the time, and each deployment waits for it.
_EVENTS = db.metadata.tables[AuditEvent.__tablename__]
_HEADS = db.metadata.tables[AuditHead.__tablename__]
_HEAD = 1
_LOCK = select(_HEADS).where(_HEADS.c.id == _HEAD).with_for_update()
_NEWEST = select(_EVENTS.c.id, _EVENTS.c.hash).order_by(_EVENTS.c.id.desc()).limit(1)
_BEGIN = insert(_HEADS)
_ADD = insert(_EVENTS)
_MOVE = update(_HEADS).where(_HEADS.c.id == _HEAD)
_HASHED = (
    *("id", "act", "actor", "user_id", "project_id", "thing"),
    *("address", "request_id", "detail", "before"),
)
_MAX_ADDRESS = 45
_MAX_REQUEST_ID = 64


class Act(StrEnum):
    """What can be told."""

    USER_CREATED = "user.created"
    USER_BLOCKED = "user.blocked"
    USER_UNBLOCKED = "user.unblocked"
    SIGNED_IN = "user.signed_in"
    SIGN_IN_REFUSED = "user.sign_in_refused"
    SIGNED_OUT = "user.signed_out"
    TOKEN_CREATED = "token.created"  # noqa: S105 - a word
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    PROJECT_CREATED = "project.created"
    PROJECT_CHANGED = "project.changed"
    PROJECT_DELETED = "project.deleted"
    MEMBER_INVITED = "member.invited"
    INVITATION_WITHDRAWN = "invitation.withdrawn"
    INVITATION_DECLINED = "invitation.declined"
    MEMBER_JOINED = "member.joined"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    CODE_CREATED = "runner.code_created"
    RUNNER_REGISTERED = "runner.registered"
    RUNNER_ROTATED = "runner.rotated"
    RUNNER_REVOKED = "runner.revoked"
    RUNNER_SHARED = "runner.shared"
    RUNNER_UNSHARED = "runner.unshared"
    JOB_CREATED = "job.created"
    JOB_CANCELLED = "job.cancelled"


def record(
    act: Act,
    by: str,
    thing: str,
    *,
    user_id: int | None = None,
    project_id: int | None = None,
    **detail: object,
) -> None:
    """Add an event at the end of a transaction, which must do nothing else afterwards.

    `by` and `thing` are labels as `user:7 ada`; `user_id` is whose account it concerns; `detail`
    is JSON. What looks like a token is masked in all of them. Whoever adds an event makes the
    others wait until it commits. Raises Unavailable when the log does not go on where it ended.
    """
    if not db.session().info.get(WRITES):
        raise RuntimeError("an event is part of the transaction that does what it tells")
    db.session.flush()  # what waits for the head must hold no lock that another one needs
    last, its_hash = _locked_head()
    came_from = origin()
    event = {
        "id": last + 1,
        "at": utcnow(),
        "act": act.value,
        "actor": plain(by),
        "user_id": user_id,
        "project_id": project_id,
        "thing": plain(thing),
        "address": plain(came_from.address, _MAX_ADDRESS),
        "request_id": plain(came_from.request_id, _MAX_REQUEST_ID),
        "detail": as_json(detail),
        "before": its_hash,
    }
    event["hash"] = digest_of(event)
    try:
        db.session.execute(_ADD, event)
    except IntegrityError:  # nothing that callers know: to them it would mean a name that is taken
        raise _broken() from None
    db.session.execute(_MOVE, {"event_id": event["id"], "hash": event["hash"]})


def hold() -> None:
    """Make all others who add an event, or hold, wait until this transaction ends.

    The time to count what only one of them may be the first of. Before any other lock.
    """
    _locked_head()


def digest_of(event: Mapping[str, Any] | RowMapping) -> str:
    """Return the hash that an event with these columns must have."""
    at = event["at"].astimezone(UTC).isoformat(timespec="microseconds")
    told = [at, *(event[name] for name in _HASHED)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _locked_head() -> tuple[int, str]:
    """Return id and hash of the newest event, which only this transaction may follow."""
    head = db.session.execute(_LOCK).first()
    if head is not None:
        return head.event_id, head.hash
    newest = db.session.execute(_NEWEST).first()
    last, its_hash = (newest.id, newest.hash) if newest is not None else (0, GENESIS)
    try:
        db.session.execute(_BEGIN, {"id": _HEAD, "event_id": last, "hash": its_hash})
    except IntegrityError:
        raise RacedError from None
    return last, its_hash


def _broken() -> Unavailable:
    detail = "The audit log is broken; its operator should run `flask deployr audit verify`."
    return Unavailable("audit_log_broken", detail)
