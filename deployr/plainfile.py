"""Reading files whose place others may write in: never through a link, nor from a pipe."""

import os
import stat
from pathlib import Path

LIMIT_BYTES = 64 * 1024 * 1024


def read_plain(path: Path, limit: int = LIMIT_BYTES) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes.

    Raises OSError, also for all that is no regular file: a pipe would let the reader wait for ever.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(f"{path} is no regular file")
        found = file.read(limit + 1)
    if len(found) > limit:
        raise OSError(f"{path} is larger than {limit} bytes")
    return found
