"""The audit log: who did what, when and from where, in a chain that shows any change."""

import hashlib
import json
from datetime import UTC
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select
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

_HEAD = 1
_MAX_ADDRESS = 45
_MAX_REQUEST_ID = 64


class Act(StrEnum):
    """What can be told."""

    USER_CREATED = "user.created"
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
    head = _locked_head()
    came_from = origin()
    event = AuditEvent(
        id=head.event_id + 1,
        at=utcnow(),
        act=act.value,
        actor=plain(by),
        user_id=user_id,
        project_id=project_id,
        thing=plain(thing),
        address=plain(came_from.address, _MAX_ADDRESS),
        request_id=plain(came_from.request_id, _MAX_REQUEST_ID),
        detail=as_json(detail),
        before=head.hash,
    )
    event.hash = digest_of(event)
    head.event_id, head.hash = event.id, event.hash
    db.session.add(event)
    try:
        db.session.flush()
    except IntegrityError:  # nothing that callers know: to them it would mean a name that is taken
        raise _broken() from None


def hold() -> None:
    """Make all others who add an event, or hold, wait until this transaction ends.

    The time to count what only one of them may be the first of. Before any other lock.
    """
    _locked_head()


def digest_of(event: AuditEvent | Row[Any]) -> str:
    """Return the hash that the event must have."""
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    told: list[Any] = [
        *(event.id, at, event.act, event.actor),
        *(event.user_id, event.project_id, event.thing, event.address, event.request_id),
        *(event.detail, event.before),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _locked_head() -> AuditHead:
    query = select(AuditHead).where(AuditHead.id == _HEAD).with_for_update()
    head = db.session.scalar(query.execution_options(populate_existing=True))
    if head is not None:
        return head
    newest = select(AuditEvent.id, AuditEvent.hash).order_by(AuditEvent.id.desc()).limit(1)
    row = db.session.execute(newest).first()
    event_id, its_hash = (row.id, row.hash) if row is not None else (0, GENESIS)
    head = AuditHead(id=_HEAD, event_id=event_id, hash=its_hash)
    db.session.add(head)
    try:
        db.session.flush()
    except IntegrityError:
        raise RacedError from None
    return head


def _broken() -> Unavailable:
    detail = "The audit log is broken; its operator should run `flask deployr audit verify`."
    return Unavailable("audit_log_broken", detail)
