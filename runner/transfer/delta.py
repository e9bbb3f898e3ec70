"""What must be sent so that a copy of an older release becomes the new one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..hosts.host import Entry
from .manifest import Manifest
from .tree import ROOT, Tree

SumOf = Callable[[str], str]
"""Returns the SHA-256 in hex of a local file."""


@dataclass(frozen=True)
class Delta:
    """Apply it so: remove `gone`, then put `sent` there."""

    kept: Mapping[str, Entry]
    """What the copy has alike: the same content and mode. Files keep the time that they had."""
    gone: tuple[str, ...]
    """What the copy has to lose: also what is put there anew, which must not be written through
    hard links. What is below a directory in the list is not in it."""
    sent: tuple[Entry, ...]
    """A directory before what it holds."""


def whole(tree: Tree) -> Delta:
    """Return what makes a tree out of nothing."""
    return Delta({}, (), tuple(tree.entries.values()))


def compare(tree: Tree, old: Manifest, there: Mapping[str, Entry], sum_of: SumOf) -> Delta:
    """Compare a tree with the manifest of an older release, and with what really stands there.

    What stands there otherwise than its manifest says is replaced or removed.
    """
    kept = {
        path: entry
        for path, entry in tree.entries.items()
        if path in there and _is_kept(entry, there[path], old, sum_of)
    }
    gone = _topmost([path for path in there if path not in kept])
    touched = {_parent(path) for path in gone}
    touched.update(_parent(path) for path in tree.entries if path not in kept)
    sent = []
    for path, entry in tree.entries.items():
        is_alike = path in kept and path not in touched
        if entry.kind == "dir" and not (is_alike and there[path] == entry):
            kept.pop(path, None)
        if path not in kept:
            sent.append(entry)
    there_now = {path: there[path] for path in kept}
    return Delta(there_now, gone, tuple(sent))


def _is_kept(entry: Entry, there: Entry, old: Manifest, sum_of: SumOf) -> bool:
    if entry.kind != there.kind:
        return False
    if entry.kind == "dir":
        return True
    if entry.kind == "link":
        return entry.goal == there.goal
    return (
        old.entries.get(entry.path) == there
        and (entry.mode, entry.size) == (there.mode, there.size)
        and old.sums[entry.path] == sum_of(entry.path)
    )


def _topmost(paths: list[str]) -> tuple[str, ...]:
    """Leave out what is below another one."""
    found = set(paths)
    return tuple(path for path in paths if not any(above in found for above in _above(path)))


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or ROOT
