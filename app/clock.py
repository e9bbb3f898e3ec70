"""The one clock of the backend; tests put their own into `CLOCK` of the app's config."""

from datetime import UTC, datetime

from flask import current_app


def utcnow() -> datetime:
    """Return the aware current time."""
    now: datetime = current_app.config["CLOCK"]()
    return now


def system_clock() -> datetime:
    """Return the machine's time in UTC."""
    return datetime.now(UTC)
