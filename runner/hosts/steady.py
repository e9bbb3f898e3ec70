"""What may be done twice, done again when the connection to a host broke."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from .host import Files, Kind, LostError, Snapshot

PAUSES = (0.5, 3.0, 10.0)
"""Seconds before each new try."""

_T = TypeVar("_T")


class Again:
    """Tries anew, and says so."""

    def __init__(self, say: Callable[[str], object], pauses: Sequence[float] = PAUSES) -> None:
        self._say = say
        self._pauses = pauses

    def __call__(self, action: Callable[[], _T]) -> _T:
        """Return what `action` returns. Raises LostError of the last try, and HostError."""
        for pause in self._pauses:
            try:
                return action()
            except LostError as error:
                self._say(f"{error}; trying again")
                time.sleep(pause)
        return action()


class SteadyFiles:
    """`Files` of a host; each method may be tried again.

    What a broken connection left open is either done or not: a second `append` adds the same line
    again, and a second `rename` fails where the first was done.
    """

    def __init__(self, files: Callable[[], Files], again: Again) -> None:
        """`files` connects when it is first called."""
        self._files = files
        self._again = again

    def snapshot(self, root: str, shared: Sequence[str]) -> Snapshot:
        """See Files."""
        return self._again(lambda: self._files().snapshot(root, shared))

    def read(self, path: str) -> bytes | None:
        """See Files."""
        return self._again(lambda: self._files().read(path))

    def write(self, path: str, data: bytes, mode: int = 0o600) -> None:
        """See Files."""
        self._again(lambda: self._files().write(path, data, mode))

    def append(self, path: str, data: bytes) -> None:
        """See Files."""
        self._again(lambda: self._files().append(path, data))

    def make_dirs(self, *paths: str) -> None:
        """See Files."""
        self._again(lambda: self._files().make_dirs(*paths))

    def link(self, goal: str, path: str) -> None:
        """See Files."""
        self._again(lambda: self._files().link(goal, path))

    def rename(self, old: str, new: str) -> None:
        """See Files."""
        self._again(lambda: self._files().rename(old, new))

    def remove(self, *paths: str) -> None:
        """See Files."""
        self._again(lambda: self._files().remove(*paths))

    def kind(self, path: str) -> Kind:
        """See Files."""
        return self._again(lambda: self._files().kind(path))
