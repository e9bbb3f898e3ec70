"""The key that signs what the backend leaves with browsers: its sign-ins and its forms."""

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from pathlib import Path

from flask import current_app

from app.config import KEY_IS_NEEDED, ConfigError, Settings

_SUFFIX = ".secret-key"
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def secret_key(settings: Settings, database: str | None) -> str:
    """Return the key that is set, else one for the SQLite file `database`, kept beside it.

    A database in memory has one in memory. Raises ConfigError.
    """
    if settings.secret_key is not None:
        return settings.secret_key
    if not database or database == ":memory:":
        return secrets.token_urlsafe(48)
    if database.startswith("file:"):
        raise ConfigError(f"DEPLOYR_SECRET_KEY: {KEY_IS_NEEDED}")
    place = Path(database + _SUFFIX)
    try:
        return _kept(place)
    except OSError as error:
        why = f"can't be kept in {place} ({error.strerror})"
        raise ConfigError(f"DEPLOYR_SECRET_KEY: {why}; {KEY_IS_NEEDED}") from None


def keyed_hash(purpose: str, text: str) -> str:
    """Return what only this backend can make of a text; 64 characters.

    Each `purpose` has hashes of its own.
    """
    key = str(current_app.secret_key).encode()
    return hmac.new(key, f"{purpose} {text}".encode(), hashlib.sha256).hexdigest()


def _kept(place: Path) -> str:
    """Return the key in this file, which is made when it is missing: whole or not at all."""
    if not place.exists():
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=place.name)  # 0600, O_EXCL
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            # Never over the key of another process, which came first.
            os.link(name, place)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink()
    if place.stat().st_mode & _OF_OTHERS:
        raise ConfigError(f"{place} can be read by others: chmod 600 it, or delete it")
    return place.read_text(encoding="ascii")
