"""What a local tree holds, as it will stand on a host."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..hosts.host import Entry, HostError

ROOT = "."
"""Path of the tree itself among its entries."""
_MOST_LINKS = 40
_NAMES_SHOWN = 5


@dataclass(frozen=True)
class Tree:
    """A tree as of one look; entries by path, a directory before what it holds."""

    root: Path
    entries: Mapping[str, Entry]
    stamps: Mapping[str, str] = field(repr=False)
    """Of files: what is different after they were written to. See `sums.Known`."""


def scan(root: Path) -> Tree:
    """Look at a tree.

    Modes are the permission bits, and an owner may always read files and change directories: a
    release must be verified and removed. Raises HostError, with names, when it holds what can't
    be sent: devices, sockets, pipes, and links that lead out of it, but for those to what is
    shared (`../../shared` from a release's own directory).
    """
    entries: dict[str, Entry] = {}
    stamps: dict[str, str] = {}
    strange: list[str] = []
    try:
        found = root.stat()
        entries[ROOT] = _directory(ROOT, found)
        _scan(root, entries, stamps, strange)
    except OSError as error:
        raise HostError(f"can't read what is to be sent: {error.strerror}", str(root)) from None
    if strange:
        raise HostError(f"devices, sockets and pipes can't be sent: {_shown(strange)}")
    if leading := [path for path in entries if _leads_out(path, entries)]:
        said = "these links lead out of the release, which is all that is sent"
        raise HostError(f"{said} (make them relative, or put copies there): {_shown(leading)}")
    return Tree(root, dict(sorted(entries.items(), key=_place)), stamps)


def _scan(
    root: Path, entries: dict[str, Entry], stamps: dict[str, str], strange: list[str]
) -> None:
    start, todo = os.fspath(root), [""]
    while todo:
        prefix = todo.pop()
        with os.scandir(f"{start}/{prefix}") as items:
            for item in items:
                path, found = prefix + item.name, item.stat(follow_symlinks=False)
                if item.is_file(follow_symlinks=False):
                    mode = found.st_mode & 0o777 | 0o400
                    seconds = _seconds(found)
                    entries[path] = Entry(path, "file", mode, found.st_size, seconds)
                    stamps[path] = (
                        f"{found.st_mtime_ns} {found.st_size} {found.st_ino} {found.st_ctime_ns}"
                    )
                elif item.is_dir(follow_symlinks=False):
                    entries[path] = _directory(path, found)
                    todo.append(f"{path}/")
                elif item.is_symlink():
                    goal = os.readlink(f"{start}/{path}")  # noqa: PTH115 - a Path would tidy it
                    entries[path] = Entry(path, "link", 0o777, goal=goal)
                else:
                    strange.append(path)


def _directory(path: str, found: os.stat_result) -> Entry:
    return Entry(path, "dir", found.st_mode & 0o777 | 0o700, mtime=_seconds(found))


def _seconds(found: os.stat_result) -> int:
    return max(0, found.st_mtime_ns // 10**9)


def _place(item: tuple[str, Entry]) -> str:
    """Return what paths are sorted by: the tree itself comes first, a directory all at once."""
    return "" if item[0] == ROOT else item[0].replace("/", "\0")


def _leads_out(path: str, entries: Mapping[str, Entry]) -> bool:
    """Tell whether a link leaves the tree anywhere on its way, through other links or not.

    What is shared does not count.
    """
    if entries[path].kind != "link":
        return False
    here, todo = path.split("/")[:-1], _parts(entries[path].goal)
    for _ in range(_MOST_LINKS):
        while todo:
            part = todo.pop(0)
            if part == "/" or (part == ".." and not here):
                return not _is_shared([part, *todo])
            if part == "..":
                here.pop()
                continue
            here.append(part)
            if (found := entries.get("/".join(here))) and found.kind == "link":
                here.pop()
                todo[:0] = _parts(found.goal)
                break
        else:
            return False
    return False  # links in a circle lead nowhere


def _is_shared(way: list[str]) -> bool:
    """Tell whether a way out of the tree leads to what all releases share, and no further."""
    return way[:3] == ["..", "..", "shared"] and ".." not in way[3:]


def _parts(goal: str) -> list[str]:
    parts = [part for part in goal.split("/") if part not in ("", ".")]
    return ["/", *parts] if goal.startswith("/") else parts


def _shown(paths: Iterable[str]) -> str:
    """Name the first few, on one line whatever they hold."""
    names = sorted(paths)
    said = ", ".join(ascii(name) for name in names[:_NAMES_SHOWN])
    return said + (f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else "")
