"""Time-based work, done inside requests that come by now and then."""

from datetime import timedelta

from sqlalchemy import and_, delete, or_, select

from app.clock import utcnow
from app.extensions import db
from app.models import IdempotencyKey
from app.services import invitations, limits, queue, reaper, sessions, tokens
from app.services.transactions import transaction

KEYS_LIVE = timedelta(hours=24)


def tend(user_id: int | None) -> None:
    """Mend the user's queue (None: everybody's), end lost jobs, drop what is old: a bite of each."""
    reaper.reap()
    queue.mend(user_id)
    _drop_old(user_id)


@transaction
def _drop_old(user_id: int | None) -> None:
    tokens.drop_dead(user_id, queue.BITE)
    invitations.drop_expired(queue.BITE)
    sessions.drop_old(queue.BITE)
    limits.drop_old(queue.BITE)
    _drop_keys()


def _drop_keys() -> None:
    key = IdempotencyKey
    old = select(key.user_id, key.key).where(key.created_at < utcnow() - KEYS_LIVE)
    rows = db.session.execute(old.limit(queue.BITE)).all()
    if rows:
        chosen = [and_(key.user_id == row.user_id, key.key == row.key) for row in rows]
        db.session.execute(delete(key).where(or_(*chosen)))
