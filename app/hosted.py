"""The backend in an account at a hoster: Passenger starts and ends its processes as it likes."""

from pathlib import Path

from flask import Flask

from app import create_app
from app.config import ConfigError, environment

LOG = "logs/deployr.log"


def hosted_app(home: Path, release: Path) -> Flask:
    """Return the backend of the folder `release`, whose logs and settings are in `home`.

    Raises ConfigError.
    """
    defaults = {
        "DEPLOYR_LOG_FILE": str(home / LOG),  # the host's error log is not for its customers
        "DEPLOYR_DB_CONNECTIONS": "1",  # a process answers one request at a time
    }
    # Without this an SQLite file would be made and fill, and be missed when it is too late.
    if not environment(release).get("DEPLOYR_DATABASE_URL"):
        raise ConfigError(
            f"DEPLOYR_DATABASE_URL: is needed: write it into {home / '.env'}, "
            "as mysql://user:password@localhost/name"
        )
    return create_app(defaults=defaults)
