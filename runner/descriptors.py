"""Directories and files by descriptor: where others write too, no name is looked up twice.

Releases are written by builds and hooks, which nobody here trusts: links in them are not followed.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK

# Without setuid: a copy belongs to us, and would run as us.
_FILE_MODE, _DIRECTORY_MODE = 0o777, 0o2777


@contextlib.contextmanager
def directory_below(root: Path, inner: PurePath, *, make: bool = False) -> Iterator[int]:
    """Open a directory below `root` part by part, so that no part is a link. Raises OSError."""
    fd = os.open(root, _DIRECTORY)
    try:
        for part in inner.parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=fd)
            below = os.open(part, _DIRECTORY, dir_fd=fd)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def opened(name: str, parent: int, flags: int = _FILE) -> Iterator[int]:
    """Open a file, or what else there is, in an open directory. Raises OSError."""
    fd = os.open(name, os.O_RDONLY | flags, dir_fd=parent)
    try:
        yield fd
    finally:
        os.close(fd)


def directory(name: str, parent: int) -> contextlib.AbstractContextManager[int]:
    """Open a directory in an open directory. Raises OSError."""
    return opened(name, parent, _DIRECTORY)


def create(name: str, parent: int) -> int:
    """Return a descriptor that writes to a new file. Raises OSError."""
    return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE, 0o644, dir_fd=parent)


def mode_of(name: str, parent: int) -> int:
    """Return kind and mode of what has that name, a link's own too; 0 when it is missing."""
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return 0


def copy_file(name: str, source: int, fresh: str, goal: int) -> None:
    """Copy a regular file from one open directory into another. Raises OSError."""
    with opened(name, source) as fd:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{name} is no regular file")
        made = create(fresh, goal)
        with os.fdopen(made, "wb") as new, os.fdopen(os.dup(fd), "rb") as old:
            shutil.copyfileobj(old, new)
            new.flush()
            os.fchmod(made, status.st_mode & _FILE_MODE)
            os.utime(made, ns=(status.st_atime_ns, status.st_mtime_ns))


def copy_below(source: int, goal: int) -> None:
    """Copy all that one open directory holds into another; links as links. Raises OSError."""
    for name in os.listdir(source):
        mode = mode_of(name, source)
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=goal)
        elif stat.S_ISDIR(mode):
            os.mkdir(name, dir_fd=goal)
            with directory(name, source) as below, directory(name, goal) as made:
                copy_below(below, made)
                os.fchmod(made, mode & _DIRECTORY_MODE)
        else:
            copy_file(name, source, name, goal)
