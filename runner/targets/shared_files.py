"""Files that releases share, as their owner keeps them."""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..accounts import Account
from ..envfile import values_in


def rights(path: Path, account: Account | None) -> tuple[int, int]:
    """Return mode and group of a shared file, as its owner gave them; never for everybody.

    A new one is for its owner's eyes, and for the group that the directory is shared with, or else
    that of the build user: hooks read it.
    """
    is_own = not path.exists() or path.stat().st_gid == os.getegid()
    if account and is_own and not path.parent.stat().st_mode & stat.S_ISGID:
        return 0o640, account.gid
    if path.exists():
        found = path.stat()
        return stat.S_IMODE(found.st_mode) & 0o660 | 0o600, found.st_gid
    place = path.parent.stat()
    return (0o640 if place.st_mode & stat.S_ISGID else 0o600), place.st_gid


def secrets_in(files: Iterable[Path]) -> dict[str, str]:
    """Return what env files set, by name; a second value of a name is told with its file."""
    return secrets_of((path.name, values_in(path)) for path in files)


def secrets_of(files: Iterable[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """Return the same of files that are given as their name and what they set."""
    found: dict[str, str] = {}
    for file, values in files:
        for name, value in values.items():
            # The same name may have another value in another file: both are secret.
            is_taken = found.get(name, value) != value
            found[f"{file}:{name}" if is_taken else name] = value
    return found
