"""What a directory holds, as far as names, sizes and times of change tell."""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Listing:
    """Everything below one directory; `digest` differs as soon as a file was written to."""

    files: int
    size: int
    """Bytes of all files together."""
    digest: str
    is_shared: bool
    """Whether files are hard links to some that stand elsewhere."""


def list_directory(directory: Path) -> Listing:
    """Look at everything below `directory`, without reading files. Raises OSError."""
    digest = hashlib.sha256()
    files = size = 0
    links: Counter[int] = Counter()
    for name, path, found in _walk(os.fsencode(directory), b""):
        # Its owner may write to a file and set the time back: one with another owner is suspect.
        facts = b"%s\0%o %d %d" % (name, found.st_mode, found.st_uid, found.st_gid)
        if stat.S_ISLNK(found.st_mode):
            facts += b" " + os.fsencode(Path(os.fsdecode(path)).readlink())
        elif not stat.S_ISDIR(found.st_mode):
            facts += b" %d %d" % (found.st_size, found.st_mtime_ns)
            files += 1
            size += found.st_size
            if found.st_nlink > 1:
                # Each name here takes one away: what is left over, others hold.
                links[found.st_ino] += 1 if found.st_ino in links else 1 - found.st_nlink
        digest.update(b"%d %s" % (len(facts), facts))
    return Listing(files, size, digest.hexdigest(), any(links.values()))


def _walk(directory: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes, os.stat_result]]:
    with os.scandir(directory) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            name = prefix + entry.name
            yield name, entry.path, entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, name + b"/")
