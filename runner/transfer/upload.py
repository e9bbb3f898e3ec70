"""One tree on its way to a host by SFTP, all its files side by side."""

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping

from ..hosts.host import Entry, HostError, Progress
from .packets import Attributes
from .pipeline import Steps
from .sftp import Sftp, kind_of
from .tree import ROOT, Tree

_PRIVATE = 0o700
_REPORT_SECONDS = 0.5


class Upload:
    """Makes a directory on the host that holds what the tree holds."""

    def __init__(self, sftp: Sftp, tree: Tree, work: str, progress: Progress) -> None:
        """`work` is the directory; it must not exist yet."""
        self.sums: dict[str, str] = {}
        """SHA-256 in hex of the files that were sent, by path."""
        self._sftp = sftp
        self._tree = tree
        self._root = os.fsencode(tree.root)
        self._work = work
        self._progress = progress
        self._reported = float("-inf")
        self._files = self._bytes = self._of_files = self._of_bytes = 0

    def run(self, previous: str, alike: Mapping[str, Entry]) -> dict[str, Entry]:
        """Do it; files that are `alike` in the release `previous` are taken from there.

        Returns those of them that really were there. Raises HostError.
        """
        kept = dict(alike)
        entries = self._tree.entries.values()
        for each in entries:
            if each.kind == "file" and each.path not in alike:
                self._count(each)
        self._sftp.run_all(self._tasks(previous, kept))
        for each in entries:
            if each.kind == "dir":
                self._sftp.set_facts(self._place(each), each.mode, each.mtime)
        self._sftp.run()
        self._report(at_once=True)
        return kept

    def _tasks(self, previous: str, kept: dict[str, Entry]) -> Iterator[Steps[object]]:
        """Yield the files to send; what needs no task is asked for in between."""
        for each in self._tree.entries.values():
            place = self._place(each)
            if each.kind == "dir":
                self._sftp.mkdir(place, _PRIVATE)
            elif each.kind == "link":
                yield self._link(each)
            elif each.path in kept:
                self._take_over(f"{previous}/{each.path}", kept, each.path)
            else:
                yield self._send(each)

    def _take_over(self, old: str, kept: dict[str, Entry], path: str) -> None:
        entry = self._tree.entries[path]
        place = self._place(entry)

        def linked(found: Attributes | None) -> None:
            if not _is_alike(kept[path], found):
                del kept[path]
                self._count(entry)
                self._sftp.unlink(place)
                self._sftp.spawn(self._send(entry))

        self._sftp.hard_link(old, place)
        self._sftp.lstat(place, linked)

    def _send(self, entry: Entry) -> Steps[None]:
        place = self._place(entry)
        yield from self._sftp.put(place, self._pieces(entry), entry.mode, entry.mtime)
        self._sftp.lstat(place, lambda found: self._verify(entry, found))

    def _link(self, entry: Entry) -> Steps[None]:
        place = self._place(entry)
        self._sftp.symlink(entry.goal, place)
        if (yield from self._sftp.readlink(place)) != entry.goal:
            raise self._wrong(entry)

    def _wrong(self, entry: Entry) -> HostError:
        said = "what arrived is not what was sent"
        return HostError(f"{self._sftp.name}: {said}: {entry.path!a}")

    def _verify(self, entry: Entry, found: Attributes | None) -> None:
        if not _is_alike(entry, found):
            raise self._wrong(entry)
        self._files += 1
        self._report()

    def _pieces(self, entry: Entry) -> Iterator[bytes]:
        """Read a file. Raises HostError when it is not as it was listed."""
        found, left = hashlib.sha256(), entry.size
        try:
            for piece in _read(self._root + b"/" + os.fsencode(entry.path), self._sftp.chunk):
                left -= len(piece)
                found.update(piece)
                yield piece
                self._bytes += len(piece)
                self._report()
        except OSError as error:
            if isinstance(error, HostError):
                raise
            raise HostError(f"can't read {entry.path!a}: {error.strerror}") from None
        if left:
            raise HostError(f"{entry.path!a} was written to while it was sent; deploy again")
        self.sums[entry.path] = found.hexdigest()

    def _place(self, entry: Entry) -> str:
        return self._work if entry.path == ROOT else f"{self._work}/{entry.path}"

    def _count(self, entry: Entry) -> None:
        self._of_files += 1
        self._of_bytes += entry.size

    def _report(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if at_once or now - self._reported >= _REPORT_SECONDS:
            self._reported = now
            self._progress(self._files, self._of_files, self._bytes, self._of_bytes)


def _read(path: bytes, chunk: int) -> Iterator[bytes]:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        while piece := os.read(handle, chunk):
            yield piece
            if len(piece) < chunk:
                break
    finally:
        os.close(handle)


def _is_alike(entry: Entry, found: Attributes | None) -> bool:
    """Tell whether a file on the host looks as it should."""
    if found is None or found.mode is None:
        return False
    facts = (kind_of(found), stat.S_IMODE(found.mode), found.size, found.mtime)
    return facts == (entry.kind, entry.mode, entry.size, entry.mtime)
