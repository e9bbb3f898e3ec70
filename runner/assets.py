"""Files that an earlier release served under hashed names, linked into a newer one."""

import contextlib
import errno
import json
import os
import stat
from collections.abc import Collection, Iterable
from itertools import groupby
from pathlib import Path, PurePosixPath

from .descriptors import copy_file, directory_below, mode_of
from .files import write_atomically

_NOT_LINKED = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP}


class AssetNotes:
    """Which files of a release are its own: else what was merged would be merged on for ever."""

    def __init__(self, directory: Path) -> None:
        """`directory` holds a note a release; it is made when it is missing."""
        self._directory = directory

    def take(self, release: Path, static: str) -> None:
        """Note what a release has below `static`, unless that was done before."""
        note = self._directory / release.name
        if not note.exists():
            self._directory.mkdir(parents=True, exist_ok=True)
            write_atomically(note, json.dumps(files_below(release, static)))

    def own(self, release: Path, static: str) -> list[str]:
        """Return the files of a release's own; of one without a note all that it has."""
        try:
            found: list[str] = json.loads((self._directory / release.name).read_text())
        except (OSError, ValueError):
            return files_below(release, static)
        return found

    def forget_all_but(self, releases: Collection[str]) -> None:
        """Drop the notes of releases that are gone."""
        for note in self._directory.glob("*"):
            if note.name not in releases:
                note.unlink()


def files_below(release: Path, static: str) -> list[str]:
    """Return the regular files below a directory of a release, as paths inside the release."""
    found: list[str] = []
    with contextlib.suppress(OSError), directory_below(release, PurePosixPath(static)) as top:
        for where, _, names, fd in os.fwalk(".", dir_fd=top):
            place = PurePosixPath(static, where)
            found += [str(place / name) for name in names if _is_regular(name, fd)]
    return sorted(found)


def merge_assets(release: Path, earlier: Path, names: Iterable[str]) -> int:
    """Link those `names` of an earlier release that the new one lacks; return how many.

    What can't be linked is copied.
    """
    merged = 0
    for parent, group in groupby(sorted(map(PurePosixPath, names)), lambda name: name.parent):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            source = stack.enter_context(directory_below(earlier, parent))
            goal = stack.enter_context(directory_below(release, parent, make=True))
            merged += sum(_merge(name.name, source, goal) for name in group)
    return merged


def _merge(name: str, source: int, goal: int) -> bool:
    """Link one file from one open directory into another; tell whether it was missing there."""
    try:
        os.link(name, name, src_dir_fd=source, dst_dir_fd=goal, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        return error.errno in _NOT_LINKED and _copy(name, source, goal)
    if not _is_regular(name, goal):
        os.unlink(name, dir_fd=goal)
        return False
    return True


def _copy(name: str, source: int, goal: int) -> bool:
    with contextlib.suppress(FileExistsError):
        copy_file(name, source, name, goal)
        return True
    return False


def _is_regular(name: str, directory: int) -> bool:
    return stat.S_ISREG(mode_of(name, directory))
