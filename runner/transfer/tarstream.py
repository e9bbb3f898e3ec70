"""Writes tar archives: a third of the work that the standard library's tarfile makes of it."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..hosts.host import Entry, HostError

BLOCK = 512
CHUNK = 256 * 1024
"""What is handed on has at least so many bytes, but for the last piece."""
END = bytes(2 * BLOCK)
_NAME = 100
_PREFIX = 155
_MOST_OCTAL = 8**11
_TYPES = {"file": b"0", "dir": b"5", "link": b"2"}
_IDS = b"0000000\0" * 2
_MAGIC = b"ustar\x0000"
_BLANK_SUM = b" " * 8
_ALWAYS = sum(_IDS) + sum(_BLANK_SUM) + sum(_MAGIC)


class TarStream:
    """Archives of what one tree holds; counts what was handed on, and finds its sums."""

    def __init__(self, root: Path, prefix: bytes) -> None:
        """`prefix` comes before each path in the archive; it ends with a slash."""
        self._root = os.fsencode(root)
        self._prefix = prefix
        self._out: list[bytes] = []
        self._size = 0
        self.sums: dict[str, str] = {}
        """SHA-256 in hex of the files that were written."""
        self.files = 0
        self.bytes = 0
        """Of their content."""

    def write(self, entries: Iterable[Entry]) -> Iterator[bytes]:
        """Yield the entries. Raises HostError when a file is not as it was listed."""
        for entry in entries:
            path = os.fsencode(entry.path)
            head = header(self._prefix + path, entry, os.fsencode(entry.goal))
            self._add(head)
            if entry.kind == "file":
                yield from self._write_file(path, entry)
            if self._size >= CHUNK:
                yield self._taken()

    def put(self, name: bytes, data: bytes) -> None:
        """Add a small file of which the content is given."""
        self._add(header(name, Entry("", "file", 0o600, len(data))) + data + padding(len(data)))

    def finish(self) -> Iterator[bytes]:
        """Yield what is left, and the end of the archive."""
        self._add(END)
        yield self._taken()

    def _write_file(self, path: bytes, entry: Entry) -> Iterator[bytes]:
        found, left = hashlib.sha256(), entry.size
        try:
            handle = os.open(self._root + b"/" + path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                for data in _read(handle, left):
                    left -= len(data)
                    if left < 0:
                        break
                    found.update(data)
                    self._add(data)
                    self.bytes += len(data)
                    if self._size >= CHUNK:
                        yield self._taken()
            finally:
                os.close(handle)
        except OSError as error:
            raise HostError(f"can't read {entry.path!a}: {error.strerror}") from None
        if left:
            raise HostError(f"{entry.path!a} was written to while it was sent; deploy again")
        self._add(padding(entry.size))
        self.files += 1
        self.sums[entry.path] = found.hexdigest()

    def _add(self, data: bytes) -> None:
        self._out.append(data)
        self._size += len(data)

    def _taken(self) -> bytes:
        data, self._out, self._size = b"".join(self._out), [], 0
        return data


def _read(handle: int, size: int) -> Iterator[bytes]:
    """Yield the content of a file of that size, and a byte more when it has grown."""
    while True:
        wanted = min(size, CHUNK) + 1
        data = os.read(handle, wanted)
        if data:
            yield data
        size -= len(data)
        if not data or size < 0 or (not size and len(data) < wanted):
            return  # what came short of it ends here: no need to ask once more


def header(name: bytes, entry: Entry, goal: bytes = b"") -> bytes:
    """Return all that comes before the content of an entry with that name and link goal."""
    if entry.kind == "dir":
        name += b"/"
    long = b""
    if len(goal) > _NAME:
        long = _long(b"K", goal)
        goal = goal[:_NAME]
    prefix = b""
    if len(name) > _NAME:
        prefix, name, rest = _split(name)
        long += _long(b"L", rest) if rest else b""
    return long + _block(name, entry, _TYPES[entry.kind], (goal, prefix))


def padding(size: int) -> bytes:
    """Return what fills up the last block of a content of `size` bytes."""
    return bytes(-size % BLOCK)


def _split(name: bytes) -> tuple[bytes, bytes, bytes]:
    """Return prefix, name, and the whole name when it does not fit in those (GNU's way)."""
    cut = name.rfind(b"/", len(name) - _NAME - 1, min(_PREFIX + 1, len(name) - 1))
    if cut <= 0:
        return b"", name[:_NAME], name
    return name[:cut], name[cut + 1 :], b""


def _long(kind: bytes, text: bytes) -> bytes:
    """Return the member that carries a name or goal which is too long for a header."""
    text += b"\0"
    entry = Entry("", "file", 0o644, len(text))
    return _block(b"././@LongLink", entry, kind, (b"", b"")) + text + padding(len(text))


def _block(name: bytes, entry: Entry, kind: bytes, more: tuple[bytes, bytes]) -> bytes:
    goal, prefix = more
    numbers = b"%s%011o\0" % (_size(entry.size), min(entry.mtime, _MOST_OCTAL - 1))
    mode = b"%07o\0" % entry.mode
    total = _ALWAYS + sum(name) + sum(mode) + sum(numbers) + kind[0] + sum(goal) + sum(prefix)
    return b"".join(
        (
            name.ljust(_NAME, b"\0"),
            mode,
            _IDS,
            numbers,
            b"%06o\0 " % total,
            kind,
            goal.ljust(_NAME, b"\0"),
            _MAGIC.ljust(88, b"\0"),
            prefix.ljust(_PREFIX + 12, b"\0"),
        )
    )


def _size(size: int) -> bytes:
    """Return it in octal, or in base 256 when it takes more than eleven digits."""
    return b"%011o\0" % size if size < _MOST_OCTAL else b"\x80" + size.to_bytes(11, "big")
