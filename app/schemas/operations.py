"""What operators ask the backend."""

from app.schemas.common import Answer


class Ready(Answer):
    """The backend can work."""

    status: str


class TickDone(Answer):
    """What one tick has done."""

    logs_moved: int
    outbox_done: int
    failed: int
    """Tried again by a later tick."""
