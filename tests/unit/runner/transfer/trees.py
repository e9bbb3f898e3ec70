"""Trees of files that tests send, and what became of them."""

import os
import stat
from pathlib import Path

NAMES = (
    b"plain.txt",
    b"with space",
    b"new\nline",
    b"tab\tand 'quotes' and \"more\" `x` $(id)",
    b"-rf",
    b"--",
    b"back\\slash\\n",
    "\u00fc\u4e16\U0001f600".encode(),
    b"not utf-8 \xff\xfe",
    b"n" * 255,
    b"trailing ",
    b" leading",
    b"*?[x]",
)
DEEP = "d/" * 300 + "leaf"


def facts(root: str | Path) -> dict[bytes, tuple[object, ...]]:
    """Return kind, mode, time and content of all below `root`, by path."""
    top = os.fsencode(root)
    found: dict[bytes, tuple[object, ...]] = {}
    for place, directories, names in os.walk(top):
        for name in (*directories, *names):
            path = place + b"/" + name
            seen = os.lstat(path)
            key = os.path.relpath(path, top)
            if stat.S_ISLNK(seen.st_mode):
                found[key] = ("link", os.readlink(path))  # noqa: PTH115 - in bytes
            elif stat.S_ISDIR(seen.st_mode):
                found[key] = ("dir", stat.S_IMODE(seen.st_mode), int(seen.st_mtime))
            else:
                content = Path(os.fsdecode(path)).read_bytes()
                found[key] = ("file", stat.S_IMODE(seen.st_mode), int(seen.st_mtime), content)
    return found


def write(root: Path, path: str | bytes, content: bytes = b"x", mode: int = 0o644) -> Path:
    """Write a file, with the directories on its way."""
    place = root / os.fsdecode(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    place.chmod(mode)
    return place


def make_hostile(root: Path) -> None:
    """Write files of all NAMES, in directories of all NAMES, and one far down."""
    for name in NAMES:
        write(root, name, b"at the top: " + name)
        write(root, b"in/" + name[:200] + b".d/" + name, name)
    (root / "empty").mkdir(parents=True, exist_ok=True)
    (root / "empty").chmod(0o750)
    write(root, "bin/tool", b"#!/bin/sh\n", 0o755)
    write(root, "zero", b"")
    (root / "link").symlink_to("plain.txt")
    (root / "in" / "up").symlink_to("../bin/tool")
    os.utime(root / "zero", (1_000_000_000, 1_000_000_000))
