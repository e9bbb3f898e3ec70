"""Requests that a client repeats under a key make their thing once."""

import hashlib
from dataclasses import dataclass

from app.clock import utcnow
from app.errors import Invalid
from app.extensions import db
from app.models import IdempotencyKey


@dataclass(frozen=True, kw_only=True)
class RequestKey:
    """A client's key, and what it was sent with."""

    key: str
    request: str

    @classmethod
    def of(cls, key: str, route: str, body: str) -> "RequestKey":
        """Return the key of a request, both as SHA-256."""
        return cls(key=_sha256(key), request=_sha256(f"{route}\n{body}"))


def made_before(user_id: int, key: RequestKey | None) -> int | None:
    """Return the id of what an earlier request under this key made, if there was one.

    Raises Invalid `idempotency_key_reused` when that request was another one.
    """
    if key is None:
        return None
    row = db.session.get(IdempotencyKey, (user_id, key.key))
    if row is None:
        return None
    if row.request != key.request:
        detail = "This Idempotency-Key came with another request before; make a new one."
        raise Invalid("idempotency_key_reused", detail)
    return row.thing_id


def remember(user_id: int, key: RequestKey | None, thing_id: int) -> None:
    """Note what is being made, in the transaction that makes it.

    A second request under the same key fails there with an IntegrityError, and makes nothing.
    """
    if key is not None:
        db.session.add(
            IdempotencyKey(
                user_id=user_id,
                key=key.key,
                request=key.request,
                thing_id=thing_id,
                created_at=utcnow(),
            )
        )
        db.session.flush()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
