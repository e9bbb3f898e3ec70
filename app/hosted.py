"""What suits a backend in an account at a hoster, where Passenger or its kin runs it."""

import os
from collections.abc import Mapping
from pathlib import Path

from app.config import ConfigError
from app.revision import revision


def hosted(values: Mapping[str, object], root: Path) -> Mapping[str, object]:
    """Return settings with defaults for such a place; elsewhere `values` as they are.

    `root` is where the code and `.env` are. Raises ConfigError.
    """
    if revision() is None and "IN_PASSENGER" not in os.environ:
        return values
    # Without this an SQLite file would be made and fill, and be missed when it is too late.
    if not values.get("DEPLOYR_DATABASE_URL"):
        raise ConfigError(
            f"DEPLOYR_DATABASE_URL: is needed: write it into {(root / '.env').resolve()}, "
            "as mysql://user:password@localhost/name"
        )
    return {
        # The host's error log is not for its customers.
        "DEPLOYR_LOG_FILE": str(root.joinpath("logs").resolve() / "deployr.log"),
        "DEPLOYR_DB_CONNECTIONS": "1",  # a process answers one request at a time
        **values,
    }
