"""Secrets of an app: one file a project and environment, which never leaves the server."""

import io
from pathlib import Path

from dotenv import dotenv_values

from deployr.states import Reason

from .errors import ConfigError, JobFailedError
from .files import read_private


def read_env_file(path: Path) -> str | None:
    """Return the text of the owner's env file, or None when there is none or it sets nothing.

    Raises JobFailedError (`preflight_failed`) when other users may read it.
    """
    try:
        text = read_private(path)
    except ConfigError as error:
        raise JobFailedError(Reason.PREFLIGHT_FAILED, str(error)) from None
    return text if text and values_of(text) else None


def values_of(text: str) -> dict[str, str]:
    """Return what an env file sets; names without a value are left out."""
    parsed = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in parsed.items() if value}


def values_in(path: Path) -> dict[str, str]:
    """Return what the env file at `path` sets; nothing when it can't be read."""
    try:
        return values_of(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return {}
