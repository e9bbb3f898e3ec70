"""Pieces of SFTP version 3 packets, as OpenSSH reads and writes them."""

import os
import struct
from typing import NamedTuple

OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR = range(3, 13)
REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = range(13, 21)
INIT, VERSION = 1, 2
STATUS, HANDLE, DATA, NAME, ATTRS = range(101, 106)
EXTENDED, EXTENDED_REPLY = 200, 201

OK, END, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE = range(5)
UNSUPPORTED = 8

FOR_READING = 0x1
ANEW = 0x2 | 0x8 | 0x20
"""Open for writing a file that must not exist yet."""
ADDING = 0x2 | 0x4 | 0x8
"""Open for appending, made when missing."""

_SIZE, _OWNER, _MODE, _TIMES, _MORE = 0x1, 0x2, 0x4, 0x8, 0x80000000
_NUMBER = struct.Struct(">I")
_MODE_ONLY = struct.Struct(">II")
_MODE_AND_TIMES = struct.Struct(">IIII")


class Attributes(NamedTuple):
    """What a server says of a file; `mode` includes its type, None: it did not say."""

    size: int
    mode: int | None
    mtime: int


class Name(NamedTuple):
    """What a directory holds under one name."""

    name: str
    found: Attributes


def number(value: int) -> bytes:
    """Return 32 bits."""
    return _NUMBER.pack(value)


def string(value: bytes) -> bytes:
    """Return bytes with their length in front."""
    return _NUMBER.pack(len(value)) + value


def text(path: str) -> bytes:
    """Return a path as packets hold it: as the file system has it."""
    return string(os.fsencode(path))


def with_mode(mode: int) -> bytes:
    """Return attributes that set the permission bits."""
    return _MODE_ONLY.pack(_MODE, mode)


def with_mode_and_time(mode: int, mtime: int) -> bytes:
    """Return attributes that set the permission bits and both times."""
    return _MODE_AND_TIMES.pack(_MODE | _TIMES, mode, mtime, mtime)


NOTHING = number(0)
"""Attributes that set nothing."""


def read_number(body: bytes, at: int) -> tuple[int, int]:
    """Return a number, and where the next piece begins. Raises ValueError."""
    if len(body) < at + 4:
        raise ValueError("the packet is too short")
    return _NUMBER.unpack_from(body, at)[0], at + 4


def read_string(body: bytes, at: int = 0) -> tuple[bytes, int]:
    """Return a string, and where the next piece begins. Raises ValueError."""
    size, at = read_number(body, at)
    if len(body) < at + size:
        raise ValueError("the packet is too short")
    return body[at : at + size], at + size


def read_attributes(body: bytes, at: int = 0) -> tuple[Attributes, int]:
    """Return attributes, and where the next piece begins. Raises ValueError."""
    flags, at = read_number(body, at)
    size = mtime = 0
    mode = None
    if flags & _SIZE:
        high, at = read_number(body, at)
        low, at = read_number(body, at)
        size = high << 32 | low
    if flags & _OWNER:
        at += 8
    if flags & _MODE:
        mode, at = read_number(body, at)
    if flags & _TIMES:
        mtime, at = read_number(body, at + 4)
    if flags & _MORE:
        count, at = read_number(body, at)
        for _ in range(2 * count):
            _, at = read_string(body, at)
    return Attributes(size, mode, mtime), at


def read_names(body: bytes) -> list[Name]:
    """Return what a NAME packet lists, but `.` and `..`. Raises ValueError."""
    count, at = read_number(body, 0)
    names = []
    for _ in range(count):
        raw, at = read_string(body, at)
        _, at = read_string(body, at)
        found, at = read_attributes(body, at)
        if raw not in (b".", b".."):
            names.append(Name(os.fsdecode(raw), found))
    return names


def read_status(body: bytes) -> tuple[int, str]:
    """Return the code of a STATUS packet and the server's words. Raises ValueError."""
    code, at = read_number(body, 0)
    words = read_string(body, at)[0] if len(body) > at else b""
    return code, words.decode(errors="replace").strip()


def read_extensions(body: bytes) -> dict[str, bytes]:
    """Return what a VERSION packet lists after the version. Raises ValueError."""
    found = {}
    _, at = read_number(body, 0)
    while at < len(body):
        name, at = read_string(body, at)
        found[name.decode(errors="replace")], at = read_string(body, at)
    return found
