"""Keys under which clients repeat a request whose answer they never got."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, UtcDateTime, table_args


class IdempotencyKey(Base):
    """What a request under this key has made."""

    __tablename__ = "idempotency_keys"
    __table_args__ = table_args()

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256, hex
    request: Mapped[str] = mapped_column(String(64))  # SHA-256 of route and body, hex
    thing_id: Mapped[int] = mapped_column(BigId)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
