"""Small files of the runner: written whole or not at all, and private where they hold secrets."""

import ctypes
import errno
import os
import re
import secrets
import stat
from pathlib import Path

from .errors import ConfigError

PRIVATE = 0o600
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_atomically(path: Path, text: str, mode: int = PRIVATE, group: int | None = None) -> None:
    """Write `text` to `path` so that a crash leaves the old or the new content. Raises OSError.

    It appears with `mode` and `group`, or private when we may not give it to that group. Written by
    root, it belongs to the owner of its directory: `sudo deployr-runner allow add` must not lock
    the service's own user out.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            if os.geteuid() == 0:
                place = path.parent.stat()
                os.fchown(fd, place.st_uid, place.st_gid)
            if _give_to(fd, group):
                os.fchmod(fd, mode)
            file.write(text)
            file.flush()
            os.fsync(fd)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _give_to(fd: int, group: int | None) -> bool:
    """Give the file to a group; False when we may not."""
    try:
        if group is not None:
            os.fchown(fd, -1, group)
    except PermissionError:
        return False
    return True


def half_written(path: Path) -> list[Path]:
    """Return what killed writers of `path` left beside it."""
    name = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}")
    near = path.parent.iterdir() if path.parent.is_dir() else ()
    return [other for other in near if name.fullmatch(other.name)]


def read_private(path: Path) -> str | None:
    """Return the text of a file that only its owner may read, or None when there is none.

    Raises ConfigError when others may read it: what it holds may be known to them already.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"other users may read {path}; run: chmod 600 {path}")
    return text


def make_private_dir(path: Path) -> None:
    """Make a directory that only its owner may enter; leave an existing one as it is.

    So are those above that are missing. Made by root, they belong to the owner of the nearest one
    that was there.
    """
    if path.is_dir():
        return
    make_private_dir(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        place = path.parent.stat()
        os.chown(path, place.st_uid, place.st_gid)


def write_durably(path: Path, text: str) -> None:
    """Write `text` to the private file `path`, so that even a power cut leaves it. Raises OSError."""
    write_atomically(path, text)
    sync_dir(path.parent)


def sync_dir(path: Path) -> None:
    """Make sure that the names in a directory survive a power cut. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def full_disk(error: OSError) -> str:
    """Say why the runner's own files can't be written, as a sentence for people."""
    if error.errno in _FULL:
        return f"the runner's disk is full: {error.strerror}"
    return f"the runner can't write its own files: {error.strerror or error}"


def exchange(one: Path, other: Path) -> None:
    """Let two names of the same file system change places, in one step. Raises OSError.

    Not every file system can do that: EINVAL.
    """
    renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    names = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other))
    if renameat2(*names, _RENAME_EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))
