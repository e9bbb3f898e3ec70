"""How often somebody has tried something lately."""

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import BigId, table_args


class RateLimit(Base):
    """Tries of one subject in one window of time."""

    __tablename__ = "rate_limits"
    __table_args__ = table_args()

    subject: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256, hex
    window: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False, index=True)
    """Unix time in seconds at which it began."""
    tries: Mapped[int] = mapped_column(Integer)
