"""Directories that PHP's user and the runner's user both write in, made so without root."""

import contextlib
import os
import pwd
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from . import acl
from .descriptors import directory_below, opened

_POOLS = ("php/*/fpm/pool.d/*.conf", "php-fpm.d/*.conf")
_POOL_USER = re.compile(r"^\s*user\s*=\s*([\w.-]+)\s*$", re.MULTILINE)
_APACHE_PHP = "apache2/mods-enabled/php*.load"
_APACHE_USER = "www-data"

Open = Callable[[int], None]
"""Opens up the file or directory of a descriptor. Raises OSError."""


def php_users(etc: Path = Path("/etc")) -> set[str]:
    """Return the users that this server's PHP is configured to run as."""
    found = set()
    for pattern in _POOLS:
        for path in etc.glob(pattern):
            with contextlib.suppress(OSError):
                found |= set(_POOL_USER.findall(path.read_text(errors="replace")))
    return found | ({_APACHE_USER} if any(etc.glob(_APACHE_PHP)) else set())


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of this server."""

    name: str
    uid: int
    groups: frozenset[int]


def strangers(names: set[str]) -> list[User]:
    """Return those users as far as they exist; none when one of them is the runner's own."""
    found = []
    for name in sorted(names):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            groups = frozenset(os.getgrouplist(name, entry.pw_gid))
            found.append(User(name=name, uid=entry.pw_uid, groups=groups))
    return [] if os.geteuid() in {user.uid for user in found} else found


def outside(users: list[User], group: int | None) -> list[User]:
    """Return whom a group does not let in; none when it has a member, who then is the one."""
    return [] if any(group in user.groups for user in users) else users


def shared_group(directory: Path) -> int | None:
    """Return the group that the owner shares `directory` with: its setgid bit says so."""
    status = directory.stat()
    return status.st_gid if status.st_mode & stat.S_ISGID else None


def for_group(group: int) -> Open:
    """Return what lets a group write, also in what is made later."""

    def open_up(fd: int) -> None:
        status = os.fstat(fd)
        mode = stat.S_IMODE(status.st_mode)
        wanted = mode | (0o2070 if stat.S_ISDIR(status.st_mode) else 0o060)
        if status.st_gid != group:
            os.fchown(fd, -1, group)
        if mode != wanted:
            os.fchmod(fd, wanted)
        acl.grant_group(fd)

    return open_up


def for_user(user: int) -> Open:
    """Return what lets another user write, and us in what that user makes."""
    return lambda fd: acl.grant(fd, user, os.geteuid())


def open_up(root: Path, name: str, openers: Sequence[Open]) -> OSError | None:
    """Open the directory `name` of `root` and all of ours below; return the first error met.

    Links are not followed, neither below nor on the way. What belongs to others is left as it is:
    they alone may change it, and have it already.
    """
    first: OSError | None = None
    try:
        with directory_below(root, PurePath(name)) as top:
            for fd in _ours(top):
                for opener in openers:
                    try:
                        opener(fd)
                    except OSError as error:
                        first = first or error
    except FileNotFoundError:
        return first
    except OSError as error:
        return first or error
    return first


def _ours(top: int) -> Iterator[int]:
    """Yield a descriptor of each file and directory of this user; links are not followed."""
    for _, directories, files, fd in os.fwalk(".", dir_fd=top):
        if os.fstat(fd).st_uid != os.geteuid():
            directories.clear()
            continue
        yield fd
        for name in files:
            with contextlib.suppress(OSError), opened(name, fd) as file:
                status = os.fstat(file)
                if status.st_uid == os.geteuid() and stat.S_ISREG(status.st_mode):
                    yield file
