"""SHA-256 of local files; those that were not written to since are not read again."""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..hosts.host import HostError
from .cache import replace
from .tree import Tree

_READ_BYTES = 1024 * 1024
_WHOLE_SECOND = "000000000"


class Known:
    """The sums that were found before, each with the stamp that its file had then."""

    def __init__(self, path: Path) -> None:
        """`path` keeps them; one that is missing or damaged knows nothing."""
        self._path = path
        self._kept: dict[str, tuple[str, str]] = {}
        with suppress(OSError, ValueError):
            *fields, _ = path.read_bytes().decode(errors="surrogateescape").split("\0")
            pairs = zip(fields[1::3], fields[2::3], strict=True)
            self._kept = dict(zip(fields[0::3], pairs, strict=True))

    def sum(self, tree: Tree, path: str) -> str:
        """Return the SHA-256 in hex of a file of a tree. Raises HostError."""
        stamp = tree.stamps[path]
        kept, known = self._kept.get(path, ("", ""))
        if not _is_same(kept, stamp):
            known = file_sum(tree.root / path)
            self._kept[path] = (stamp, known)
        return known

    def save(self, tree: Tree, sums: Mapping[str, str]) -> None:
        """Keep the sums of a tree in place of what was kept. Raises OSError."""
        fields = [f"{path}\0{stamp}\0{sums[path]}\0" for path, stamp in tree.stamps.items()]
        replace(self._path, "".join(fields).encode(errors="surrogateescape"))


def _is_same(kept: str, stamp: str) -> bool:
    """Tell whether a file has the content that it had.

    It has when nothing of the stamp changed: nobody can set ctime. A copy has when size and time
    of writing are alike to the nanosecond: whole seconds come out of archives, where different
    versions of a file may well share them.
    """
    if kept == stamp:
        return True
    written, size, *_ = stamp.split(" ")
    return kept.startswith(f"{written} {size} ") and not written.endswith(_WHOLE_SECOND)


def file_sum(path: Path) -> str:
    """Return the SHA-256 in hex of a file. Raises HostError."""
    found = hashlib.sha256()
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            while data := os.read(handle, _READ_BYTES):
                found.update(data)
        finally:
            os.close(handle)
    except OSError as error:
        raise HostError(f"can't read {str(path)!a}: {error.strerror}") from None
    return found.hexdigest()
