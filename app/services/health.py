"""Whether the backend can work."""

from sqlalchemy import select

from app.extensions import db
from app.models import User


def check_database() -> None:
    """Raise SQLAlchemy's error when the database is away or has no tables."""
    db.session.execute(select(User.id).limit(1))
