"""The list of all that a release holds, with the SHA-256 of each file; kept on both sides."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ..hosts.host import Entry

_FIELDS = 6
_LETTERS: dict[str, Literal["file", "dir", "link"]] = {"f": "file", "d": "dir", "l": "link"}


@dataclass(frozen=True)
class Manifest:
    """Entries by path as they stand on the host, and of each file its SHA-256 in hex."""

    entries: Mapping[str, Entry]
    sums: Mapping[str, str]

    @cached_property
    def text(self) -> bytes:
        """Six fields an entry, each with a zero byte at its end.

        They are the kind's first letter, mode in octal, size, mtime, path, and the sum of a file
        or the goal of a link.
        """
        fields = [
            f"{kind[0]}\0{mode:o}\0{size}\0{mtime}\0{path}\0{goal or self.sums.get(path, '')}\0"
            for path, kind, mode, size, mtime, goal in self.entries.values()
        ]
        return os.fsencode("".join(fields))

    @classmethod
    def parse(cls, text: bytes) -> "Manifest":
        """Raises ValueError."""
        *fields, end = os.fsdecode(text).split("\0")
        if end or len(fields) % _FIELDS:
            raise ValueError("it is cut off")
        columns = [fields[number::_FIELDS] for number in range(_FIELDS)]
        entries: dict[str, Entry] = {}
        sums: dict[str, str] = {}
        for letter, mode, size, mtime, path, last in zip(*columns, strict=True):
            goal = last if letter == "l" else ""
            kind = _LETTERS.get(letter)
            if kind is None:
                raise ValueError(f"{letter} is no kind")
            entries[path] = Entry(path, kind, int(mode, 8), int(size), int(mtime), goal)
            if letter == "f":
                sums[path] = last
        return cls(entries, sums)
