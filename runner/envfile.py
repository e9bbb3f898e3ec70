"""Secrets of an app: one file a project and environment, which never leaves the server."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deployr.states import Reason

from . import envtext
from .allowlist import Allow
from .config import Places
from .errors import ConfigError, JobFailedError
from .files import make_private_dir, read_private, write_atomically


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
    """Return what an env file sets, `${NAME}` as it is; names without a value are left out."""
    found = {line.name: envtext.resolve(line, {}) for line in envtext.lines_of(text) if line.name}
    return {name: value for name, value in found.items() if value}


def environment_of(text: str) -> dict[str, str]:
    """Return what an env file puts into the environment, as its app reads it.

    That is with `${NAME}` of earlier lines put in. Names of the runner's own (DEPLOYR_…) set
    nothing.
    """
    found: dict[str, str] = {}
    for line in envtext.lines_of(text):
        if line.name and not line.name.startswith("DEPLOYR_"):
            found[line.name] = envtext.resolve(line, found)
    return {name: value for name, value in found.items() if value and "\0" not in value}


def names_in(text: str) -> list[str]:
    """Return the names that an env file holds, with a value or without, each once."""
    return list(dict.fromkeys(line.name for line in envtext.lines_of(text) if line.name))


def values_in(path: Path) -> dict[str, str]:
    """Return what the env file at `path` sets; nothing when it can't be read."""
    try:
        return values_of(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return {}


@contextmanager
def env_files_follow(
    places: Places, before: Iterable[Allow], after: Iterable[Allow]
) -> Iterator[None]:
    """Let entries that get another key keep their secrets, while `after` is saved for `before`."""
    old = {(each.host, each.path, each.environment): each for each in before}
    left = []
    for entry in after:
        known = old.get((entry.host, entry.path, entry.environment), entry)
        path = places.env_file(known.key, known.environment)
        text = read_private(path) if known.key != entry.key else None
        if text is not None:
            new = places.env_file(entry.key, entry.environment)
            make_private_dir(new.parent)
            write_atomically(new, text)
            left.append(path)
    yield
    for path in left:
        path.unlink()
