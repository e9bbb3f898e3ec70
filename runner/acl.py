"""POSIX access control lists, by descriptor: no name is looked up again that others may exchange."""

import errno
import os
import stat
import struct

READ, WRITE, SEARCH = 4, 2, 1

_ACCESS = "system.posix_acl_access"
_DEFAULT = "system.posix_acl_default"
_HEADER = struct.Struct("<I")
_ENTRY = struct.Struct("<HHI")
_VERSION = 2
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 1, 2, 4, 8, 16, 32
_NOBODY = 0xFFFFFFFF

_Entries = dict[tuple[int, int], int]
"""Permissions by kind and id."""


def grant(fd: int, *users: int) -> None:
    """Let `users` read and write the file or directory `fd`, also what is made in it later.

    Raises OSError; with EOPNOTSUPP where the file system has no such lists.
    """
    status = os.fstat(fd)
    for kind in _kinds(status):
        entries = _read(fd, kind) or _from_mode(status.st_mode)
        them = [user for user in users if user != status.st_uid or kind == _DEFAULT]
        _change(fd, kind, entries, [(_USER, user) for user in them], _allowed(status))


def grant_group(fd: int) -> None:
    """Let the group of `fd` read and write where `fd` has lists: chmod changes but their mask.

    Raises OSError.
    """
    status = os.fstat(fd)
    for kind in _kinds(status):
        try:
            entries = _read(fd, kind)
        except OSError as error:
            if error.errno == errno.EOPNOTSUPP:
                return
            raise
        if entries:
            _change(fd, kind, entries, [(_GROUP_OBJ, _NOBODY)], _allowed(status))


def _kinds(status: os.stat_result) -> tuple[str, ...]:
    return (_DEFAULT, _ACCESS) if stat.S_ISDIR(status.st_mode) else (_ACCESS,)


def _allowed(status: os.stat_result) -> int:
    return READ | WRITE | (SEARCH if stat.S_ISDIR(status.st_mode) else 0)


def _change(
    fd: int, kind: str, entries: _Entries, whom: list[tuple[int, int]], allowed: int
) -> None:
    found = entries | dict.fromkeys(whom, allowed)
    found.pop((_MASK, _NOBODY), None)
    # The mask limits all but the owner and the others: it must let through what they have.
    granted = [perms for (tag, _), perms in found.items() if tag not in {_USER_OBJ, _OTHER}]
    found[_MASK, _NOBODY] = _union(granted)
    if found != entries:
        os.setxattr(fd, kind, _render(found))


def _read(fd: int, kind: str) -> _Entries:
    try:
        raw = os.getxattr(fd, kind)
    except OSError as error:
        if error.errno == errno.ENODATA:
            return {}
        raise
    return {(tag, who): perms for tag, perms, who in _ENTRY.iter_unpack(raw[_HEADER.size :])}


def _from_mode(mode: int) -> _Entries:
    return {
        (_USER_OBJ, _NOBODY): mode >> 6 & 7,
        (_GROUP_OBJ, _NOBODY): mode >> 3 & 7,
        (_OTHER, _NOBODY): mode & 7,
    }


def _render(entries: _Entries) -> bytes:
    packed = [_ENTRY.pack(tag, perms, who) for (tag, who), perms in sorted(entries.items())]
    return _HEADER.pack(_VERSION) + b"".join(packed)


def _union(permissions: list[int]) -> int:
    found = 0
    for each in permissions:
        found |= each
    return found
