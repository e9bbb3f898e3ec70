"""Keys: equal when what was made from it may be used again."""

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

from deployr.plainfile import read_plain

_FORMAT = b"1"

# They differ from job to job, and say nothing of what an installation makes.
_IGNORED = frozenset({"NODE_OPTIONS"})
_FACTS = "DEPLOYR_"


def key_of(parts: Iterable[bytes]) -> str:
    """Return the key of something that was made on this machine from `parts`."""
    digest = hashlib.sha256()
    for part in (_FORMAT, _machine(), *parts):
        digest.update(b"%d:%s" % (len(part), part))
    return digest.hexdigest()


def settings(env: Mapping[str, str]) -> bytes:
    """Return what a command's environment adds to a key."""
    kept = {
        name: value
        for name, value in env.items()
        if name not in _IGNORED and not name.startswith(_FACTS)
    }
    return json.dumps(kept, sort_keys=True).encode()


def content(path: Path) -> bytes:
    """Return the bytes of a file, or nothing when there is none. Raises OSError."""
    try:
        return read_plain(path)
    except FileNotFoundError:
        return b""


def tree_content(directory: Path) -> bytes:
    """Return a digest of names and bytes below a directory of the checkout. Raises OSError.

    Not of times: those of a checkout are its commit's.
    """
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        is_link = path.is_symlink()
        if is_link or path.is_file():
            name = os.fsencode(path.relative_to(directory))
            data = os.fsencode(path.readlink()) if is_link else read_plain(path)
            head = b"%d %d %o" % (len(name), len(data), path.lstat().st_mode)
            digest.update(b"%s %s%s" % (head, name, data))
    return digest.digest()


def _machine() -> bytes:
    return " ".join((platform.system(), platform.machine(), *platform.libc_ver())).encode()
