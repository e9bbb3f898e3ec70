"""Whether the backend can work."""

from sqlalchemy import select

from app.extensions import db
from app.models import User
from app.services import polling


def check_database() -> None:
    """Raise SQLAlchemy's error when the database is away or has no tables."""
    db.session.execute(select(User.id).limit(1))


def warnings() -> list[str]:
    """Return what works but should be looked at, as sentences."""
    found = (polling.over_budget(),)
    return [warning for warning in found if warning is not None]
