"""What really stands in a release on a host, as its tar says."""

import os
import re
import zlib
from datetime import datetime
from typing import Literal

from ..hosts.host import Entry, HostError
from .tree import ROOT

COMMAND = (
    "tar -cvvf /dev/null --numeric-owner --hard-dereference --utc --full-time "
    "--quoting-style=escape --quote-chars=' '"
)
"""Of GNU, to be run in C's locale; half the work that ls or find make of it. Others refuse, so
nothing is taken over there."""
_MOST_BYTES = 256 * 1024 * 1024
"""A million names have less."""
_TAR_ENDS = "tar: Exiting with failure status"
_GZIP, _PLAIN = b" gzip\n", b" plain\n"
NOTHING = "u"
"""After the mark: there will be no list."""
IS_WHOLE = "="
"""The line that comes after it when it did not fail."""
_WHOLE = f"\n{IS_WHOLE}\n".encode()
_KINDS: dict[bytes, Literal["file", "dir", "link"]] = {b"-": "file", b"d": "dir", b"l": "link"}
_BITS = (0o400, 0o200, 0o100, 0o040, 0o020, 0o010, 0o004, 0o002, 0o001)
_ESCAPED = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))
_LINE = re.compile(
    rb"^(.)(\S{9})\S* +\S+ +(\d+) (\d{4}-\d\d-\d\d) (\d\d):(\d\d):(\d\d)\S* +\./(.*)$",
    re.MULTILINE,
)
"""Where one time has a fraction of a second, the others are filled up with spaces."""


class Listing:
    """Takes in what a script writes: noise, what COMMAND says, and what went wrong.

    The first comes after `mark` and a `z`, packed by gzip; or after a `t`, with a zero byte at its
    end. Before it, `mark` and the word `gzip` tell that the host has that, or `plain` that not.
    """

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._said = bytearray()

    def take(self, piece: bytes) -> None:
        """Take the next piece of output. Raises HostError when it has no end."""
        self._said += piece
        if len(self._said) > _MOST_BYTES:
            raise HostError("the host lists without end what stands there")

    @property
    def can_pack(self) -> bool:
        """Whether the host can unpack what gzip packed."""
        return self._mark + _GZIP in self._said

    @property
    def tells_packing(self) -> bool:
        """Whether `can_pack` is known."""
        return self.can_pack or self._mark + _PLAIN in self._said

    def text(self) -> bytes | None:
        """Return all that COMMAND said; None: it is not over."""
        text, is_over, _ = self._read()
        return text if is_over else None

    def problem(self) -> str:
        """Return the first and the last line of all else, which say what went wrong."""
        noise = self._read()[2]
        for known in (_GZIP, _PLAIN):
            noise = noise.replace(self._mark + known, b"")
        lines = [line.strip() for line in noise.decode(errors="replace").splitlines()]
        lines = [line for line in lines if line and not line.startswith(_TAR_ENDS)]
        return "; ".join(dict.fromkeys([*lines[:1], *lines[-1:]]))

    def _read(self) -> tuple[bytes, bool, bytes]:
        """Return what COMMAND said so far, whether that is all, and what else was said."""
        said = bytes(self._said)
        before, _, rest = said.rpartition(self._mark)
        kind, packed = rest[:1], rest[1:]
        if kind == b"t":
            text, end, after = packed.partition(b"\0")
            return text, bool(end), before + after
        if kind == NOTHING.encode():
            return b"", True, before + packed
        if kind == b"z":
            unpacker = zlib.decompressobj(wbits=31)
            text = unpacker.decompress(packed, _MOST_BYTES)
            return text, unpacker.eof, before + unpacker.unused_data
        return b"", False, said


def read_listing(text: bytes) -> dict[str, Entry]:
    """Return the entries by path; what is no file, directory or link has an impossible mode.

    Raises ValueError when COMMAND failed.
    """
    lines = _LINE.findall(text)
    if not text.endswith(_WHOLE) or len(lines) != text.count(b"\n") - 1:
        raise ValueError("the listing is not whole")
    modes: dict[bytes, int] = {}
    days: dict[bytes, int] = {}
    entries: dict[str, Entry] = {}
    for letter, bits, size, day, hours, minutes, seconds, name in lines:
        if (mode := modes.get(bits)) is None:
            mode = modes[bits] = _mode(bits)
        if (start := days.get(day)) is None:
            start = days[day] = _start(day)
        mtime = start + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        entry = _entry(letter, mode, (int(size), mtime), name)
        entries[entry.path] = entry
    return entries


def _entry(letter: bytes, mode: int, facts: tuple[int, int], name: bytes) -> Entry:
    kind = _KINDS.get(letter)
    if kind == "dir":
        return Entry(_plain(name[:-1]) or ROOT, kind, mode, mtime=facts[1])
    if kind == "link":
        path, _, goal = name.partition(b" -> ")
        return Entry(_plain(path), kind, 0o777, goal=_plain(goal))
    return Entry(_plain(name), "file", mode if kind else -1, *facts)


def _start(day: bytes) -> int:
    """Return when a day began."""
    return int(datetime.fromisoformat(f"{day.decode()}T00:00:00+00:00").timestamp())


def _mode(bits: bytes) -> int:
    """Return permission bits; what is more than those makes an impossible mode."""
    if re.search(rb"[^rwx-]", bits):
        return -1
    return sum(bit for bit, letter in zip(_BITS, bits, strict=True) if letter != ord("-"))


def _plain(name: bytes) -> str:
    if b"\\" in name:
        name = _ESCAPED.sub(_unescaped, name)
    return os.fsdecode(name)


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8) if len(code) == 3 else _LETTERS.get(code[0], code[0])])
