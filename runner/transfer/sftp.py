"""What SFTP can do, as parts of tasks that wait for answers, and as requests that do not.

Those that do not wait rely on servers working requests off in the order in which they came, as
OpenSSH does: a directory may be filled by the requests after the one that makes it.
"""

import stat
from collections.abc import Callable, Iterator

from ..hosts.host import Kind
from . import packets
from .packets import Attributes, Name
from .pipeline import ANEW, ROOM, Ask, Pipeline, Steps

_HARD_LINK = b"hardlink@openssh.com"
_POSIX_RENAME = b"posix-rename@openssh.com"
_LISTS_AHEAD = 8
_LIST_BYTES = 32 * 1024
_MISSING = (packets.NO_SUCH_FILE,)


class Sftp(Pipeline):
    """Files of a host; paths are absolute, or relative to where the session begins."""

    @property
    def has_hard_links(self) -> bool:
        """Whether the server offers them."""
        return _HARD_LINK.decode() in self.extensions

    @property
    def has_posix_rename(self) -> bool:
        """Whether the server can rename over an existing file."""
        return _POSIX_RENAME.decode() in self.extensions

    # Requests that do not wait.

    def mkdir(self, path: str, mode: int) -> None:
        """Make a directory; what the server's umask takes away from `mode` is missing then."""
        self.order(packets.MKDIR, packets.text(path) + packets.with_mode(mode), path)

    def set_facts(self, path: str, mode: int, mtime: int) -> None:
        """Set permission bits and, in seconds, the time; a link is followed."""
        facts = packets.with_mode_and_time(mode, mtime)
        self.order(packets.SETSTAT, packets.text(path) + facts, path)

    def symlink(self, goal: str, path: str) -> None:
        """Make a symbolic link; the order of the two is OpenSSH's, not the draft's."""
        self.order(packets.SYMLINK, packets.text(goal) + packets.text(path), path)

    def hard_link(self, old: str, new: str) -> None:
        """Give a file a second name, if that can be done."""
        body = packets.string(_HARD_LINK) + packets.text(old) + packets.text(new)
        self.ask(packets.EXTENDED, body, lambda *_: None)

    def lstat(self, path: str, then: Callable[[Attributes | None], None]) -> None:
        """Look at a path, links not followed; None: there is nothing."""

        def answered(*answer: int | bytes) -> None:
            then(self._attributes(packets.LSTAT, answer, path))  # type: ignore[arg-type]

        self.ask(packets.LSTAT, packets.text(path), answered)

    def unlink(self, path: str) -> None:
        """Remove a file or a link; a missing one is fine."""
        self.order(packets.REMOVE, packets.text(path), path, _MISSING)

    # Parts of tasks.

    def look(self, path: str, kind: int = packets.LSTAT) -> Steps[Attributes | None]:
        """Look at a path, with `packets.STAT` through links; None: there is nothing."""
        return self._attributes(kind, (yield Ask(kind, packets.text(path))), path)

    def readlink(self, path: str) -> Steps[str | None]:
        """Tell what a link says; None: it is none, or missing."""
        answer = yield Ask(packets.READLINK, packets.text(path))
        if answer[0] == packets.NAME:
            return packets.read_names(answer[1])[0].name
        self.check(packets.READLINK, answer, path, (*_MISSING, packets.FAILURE))
        return None

    def make_dirs(self, path: str, *, mode: int | None = None) -> Steps[None]:
        """Make a directory with those on the way; without `mode` as the server's umask says."""
        found = yield from self.look(path, packets.STAT)
        if found and _is_dir(found):
            return
        above = path.rpartition("/")[0]
        if found is None and above:
            yield from self.make_dirs(above, mode=mode)
        facts = packets.NOTHING if mode is None else packets.with_mode(mode)
        answer = yield Ask(packets.MKDIR, packets.text(path) + facts)
        if self.check(packets.MKDIR, answer, path, (packets.FAILURE,)) != packets.OK:
            found = yield from self.look(path, packets.STAT)
            if found is None or not _is_dir(found):
                self.check(packets.MKDIR, answer, path)

    def replace(self, old: str, new: str) -> Steps[None]:
        """Rename over what is there, but a directory that is not empty, or where `old` is none.

        In one step where the server can, else in two.
        """
        if self.has_posix_rename:
            names = packets.text(old) + packets.text(new)
            asked = Ask(packets.EXTENDED, packets.string(_POSIX_RENAME) + names)
            self.check(packets.RENAME, (yield asked), new)
            return
        found, moved = (yield from self.look(new)), (yield from self.look(old))
        if found and moved and _is_dir(found) == _is_dir(moved):
            kind = packets.RMDIR if _is_dir(found) else packets.REMOVE
            self.check(packets.RENAME, (yield Ask(kind, packets.text(new))), new, _MISSING)
        yield from self.rename(old, new)

    def rename(self, old: str, new: str) -> Steps[None]:
        """Rename to a name that is free."""
        answer = yield Ask(packets.RENAME, packets.text(old) + packets.text(new))
        self.check(packets.RENAME, answer, new)

    def list(self, path: str) -> Steps[list[Name]]:
        """List a directory; a missing one is empty."""
        names: list[Name] = []
        answer = yield Ask(packets.OPENDIR, packets.text(path))
        if answer[0] != packets.HANDLE:
            self.check(packets.OPENDIR, answer, path, _MISSING)
            return names
        handle = packets.string(packets.read_string(answer[1])[0])
        is_over = False

        def take(kind: int, body: bytes) -> None:
            nonlocal is_over
            if kind == packets.NAME:
                names.extend(each for each in packets.read_names(body))
            else:
                self.check(packets.READDIR, (kind, body), path, (packets.END,))
                is_over = True

        ahead = 1  # of a small directory the names come first, then the end
        while not is_over:
            for _ in range(ahead):
                self.ask(packets.READDIR, handle, take, _LIST_BYTES)
            answer = yield Ask(packets.READDIR, handle, _LIST_BYTES)
            take(*answer)
            ahead = _LISTS_AHEAD
        self.order(packets.CLOSE, handle, path)
        return names

    def read(self, path: str) -> Steps[bytes | None]:
        """Read a file; None: there is none."""
        answer = yield Ask(packets.OPEN, packets.text(path) + _READING)
        if answer[0] != packets.HANDLE:
            self.check(packets.OPEN, answer, path, _MISSING)
            return None
        handle = packets.string(packets.read_string(answer[1])[0])
        data, is_over = bytearray(), False
        while not is_over:
            wanted = self.chunk
            body = handle + len(data).to_bytes(8, "big") + packets.number(wanted)
            answer = yield Ask(packets.READ, body, wanted)
            if answer[0] == packets.DATA:
                piece = packets.read_string(answer[1])[0]
                data += piece
                is_over = len(piece) < wanted  # the draft promises that of files
            else:
                self.check(packets.READ, answer, path, (packets.END,))
                is_over = True
        self.order(packets.CLOSE, handle, path)
        return bytes(data)

    def put(
        self, path: str, source: Iterator[bytes], mode: int, mtime: int | None = None
    ) -> Steps[None]:
        """Write a file that must not exist yet; pieces are as long as `chunk` at the most."""
        first = packets.number(packets.ANEW) + packets.with_mode(mode & 0o700 | 0o600)
        handle = yield from self._open(path, first)
        at = 0
        for piece in source:
            where = at.to_bytes(8, "big")
            self.order(packets.WRITE, b"".join((handle, where, packets.string(piece))), path)
            at += len(piece)
            if self.is_full:
                yield ROOM
        facts = packets.with_mode(mode)
        if mtime is not None:
            facts = packets.with_mode_and_time(mode, mtime)
        self.order(packets.FSETSTAT, handle + facts, path)
        self.order(packets.CLOSE, handle, path)

    def append(self, path: str, data: bytes, mode: int) -> Steps[None]:
        """Add to a file, which is made when it is missing."""
        flags = packets.number(packets.ADDING) + packets.with_mode(mode)
        handle = yield from self._open(path, flags)
        found = self._attributes(packets.FSTAT, (yield Ask(packets.FSTAT, handle)), path)
        at = found.size if found else 0  # some servers go by it
        size = self.chunk
        for start in range(0, len(data), size):
            piece = packets.string(data[start : start + size])
            where = (at + start).to_bytes(8, "big")
            self.order(packets.WRITE, b"".join((handle, where, piece)), path)
        self.order(packets.CLOSE, handle, path)

    def _open(self, path: str, flags: bytes) -> Steps[bytes]:
        """Return a handle, as a string of a packet."""
        while True:
            width = self.width
            answer = yield Ask(packets.OPEN, packets.text(path) + flags)
            if answer[0] == packets.HANDLE:
                return packets.string(packets.read_string(answer[1])[0])
            # Perhaps too many files are open, which has no code of its own.
            fine = (packets.FAILURE,) if width > 1 else ()
            self.check(packets.OPEN, answer, path, fine)
            self.width = min(self.width, width // 2)
            yield ANEW

    def _attributes(self, kind: int, answer: tuple[int, bytes], path: str) -> Attributes | None:
        if answer[0] == packets.ATTRS:
            return packets.read_attributes(answer[1])[0]
        self.check(kind, answer, path, _MISSING)
        return None


_READING = packets.number(packets.FOR_READING) + packets.NOTHING


def kind_of(found: Attributes) -> Kind:
    """Return the kind; devices and the like count as files."""
    kinds: dict[int, Kind] = {stat.S_IFDIR: "dir", stat.S_IFLNK: "link"}
    return kinds.get(stat.S_IFMT(found.mode or 0), "file")


def _is_dir(found: Attributes) -> bool:
    return kind_of(found) == "dir"
