"""Room for a release: bytes and inodes, where it is built and where it goes."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .finding import Finding, problem

MIB = 1024 * 1024


@dataclass(frozen=True)
class Room:
    """An amount of disk."""

    bytes: int
    inodes: int

    def __add__(self, other: "Room") -> "Room":
        return Room(self.bytes + other.bytes, self.inodes + other.inodes)

    def holds(self, need: "Room") -> bool:
        """Tell whether `need` fits in."""
        return self.bytes >= need.bytes and self.inodes >= need.inodes


FLOOR = Room(20 * MIB, 500)
NPM_FLOOR = Room(200 * MIB, 10_000)
"""What `npm ci` of a small app takes."""

PLENTY = Room(20 * 1024 * MIB, 1_000_000)
"""With that much nothing is measured: it would cost more time than it could save."""

_UNLIMITED = 2**62


def disk_findings(
    places: Iterable[Path], models: Iterable[Path], floor: Room, spare: Iterable[Path] = ()
) -> list[Finding]:
    """Say which file systems of `places` lack room for a release like the largest of `models`.

    `spare` is what will be removed before: it counts as free on its own file system.
    """
    systems = {near.stat().st_dev: near for near in map(nearest, places)}
    if all(free(near).holds(PLENTY) for near in systems.values()):
        return []
    sizes = [floor, *(size_of(tree) for tree in models if tree.is_dir())]
    need = Room(max(size.bytes for size in sizes), max(size.inodes for size in sizes))
    gone = [path for path in spare if path.is_dir()]
    found = []
    for device, near in systems.items():
        have = free(near)
        if not have.holds(need):
            for path in gone:
                have += size_of(path) if path.stat().st_dev == device else Room(0, 0)
        found += [] if have.holds(need) else [problem(_too_small(near, have, need))]
    return found


def nearest(path: Path) -> Path:
    """Return `path`, or the directory above it that exists and may be looked at."""
    while not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where we may not look
        path = path.parent
    return path


def free(place: Path) -> Room:
    """Return what a user without privileges may still write; some file systems count no inodes."""
    facts = os.statvfs(place)
    return Room(facts.f_bavail * facts.f_frsize, facts.f_favail if facts.f_files else _UNLIMITED)


def size_of(tree: Path) -> Room:
    """Return what a directory takes; what also stands elsewhere, by a hard link, is not counted."""
    size = Room(0, 0)
    for place, _, names in os.walk(tree):
        size += Room(4096, 1)
        facts = [os.lstat(os.path.join(place, name)) for name in names]  # noqa: PTH118 - hot loop
        own = [fact for fact in facts if fact.st_nlink == 1]
        size += Room(sum(fact.st_blocks for fact in own) * 512, len(own))
    return size


def _too_small(place: Path, have: Room, need: Room) -> str:
    if have.bytes < need.bytes:
        lack = f"{have.bytes // MIB} MiB are free, about {-(-need.bytes // MIB)} MiB are needed"
    else:
        lack = f"{have.inodes} inodes are free, about {need.inodes} are needed"
    return (
        f"the disk that holds {place} is too full: {lack}; remove what is not needed there, "
        "or lower deploy.keep_releases"
    )
