"""A job's masked log on its way to the backend: a file, so that it outlives the runner."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

from .files import PRIVATE, full_disk

DEFAULT_CAP_BYTES = 5 * 1024 * 1024
"""What a backend keeps of a log when it does not say how much."""

TAIL_BYTES = 256 * 1024
_MARKER_BYTES = 128
"""Room for the line that says how much was left out."""


class Spool:
    """Append-only bytes: written by the thread that works, read by the one that reports.

    The beginning goes to the file. What would come too near to the cap goes to memory, of which
    `finish` appends the end, so that head and tail of a long log are kept. Nothing here raises:
    when the file can't be written, `problem` says why, and what follows is kept as a tail is.
    """

    def __init__(self, path: Path, cap: int = DEFAULT_CAP_BYTES) -> None:
        self.problem: str | None = None
        self.on_problem: Callable[[str], None] | None = None
        """Told once, when the first write fails."""
        self.room: Callable[[], int] | None = None
        """Bytes that the journals of all jobs may still grow; asked before each write."""
        self._lock = threading.RLock()
        self._fd = -1
        self._size = 0
        self._head, self._tail = 0, 0
        self._kept = bytearray()
        self._skipped = 0
        self._over = False
        self._rest = b""
        self._last = b"\n"
        self.limit(cap)
        self._open(path)

    def limit(self, cap: int) -> None:
        """Set how many bytes the backend keeps of the log."""
        with self._lock:
            self._tail = min(TAIL_BYTES, cap // 4)
            self._head = max(0, cap - self._tail - _MARKER_BYTES)

    def append(self, raw: bytes) -> None:
        """Append some output, as a rule whole lines."""
        with self._lock:
            fits = 0 if self._over else self._fitting(raw)
            self._write(raw[:fits])
            if fits < len(raw):
                self._keep(raw[fits:])

    def finish(self) -> None:
        """Append the tail, after a line that says how much was left out before it."""
        with self._lock:
            rest, self._kept = self._ending(), bytearray()
            self._over, self._head = False, self._size + len(rest)
            if self.problem is None:
                self._write(rest)
                rest = bytes(self._kept)
            # Without a disk the end of the log is told from memory.
            self._rest = rest

    def chunk(self, offset: int, most: int) -> bytes:
        """Return at most `most` bytes from `offset` on."""
        with self._lock:
            if offset >= self._size:
                start = offset - self._size
                return self._rest[start : start + most]
            try:
                return os.pread(self._fd, min(most, self._size - offset), offset)
            except OSError as error:
                self._fail(error)
                return b""

    @property
    def size(self) -> int:
        """Bytes of the log so far."""
        with self._lock:
            return self._size + len(self._rest)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def _open(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            self._fd = os.open(path, flags, PRIVATE)
            self._size = os.fstat(self._fd).st_size
            if self._size:
                self._last = os.pread(self._fd, 1, self._size - 1)
        except OSError as error:
            self._fail(error)

    def _fitting(self, raw: bytes) -> int:
        """Return how much of `raw` still goes to the head: whole lines."""
        room = self._head - self._size
        if len(raw) <= room:
            return len(raw)
        return raw.rfind(b"\n", 0, max(0, room)) + 1

    def _write(self, raw: bytes) -> None:
        left = memoryview(raw)
        try:
            self._check_room(len(left))
            while left:
                done = os.write(self._fd, left)
                self._size += done
                self._last = bytes(left[done - 1 : done])
                left = left[done:]
        except OSError as error:
            self._fail(error)
            self._keep(bytes(left))

    def _check_room(self, wanted: int) -> None:
        if wanted and self.room is not None and self.room() < wanted:
            raise OSError(errno.ENOSPC, "the logs of all jobs may not grow any more")

    def _keep(self, raw: bytes) -> None:
        """Keep the end of what did not get into the file."""
        self._over = True
        self._kept += raw
        if len(self._kept) > 2 * self._tail:
            self._trim()

    def _trim(self) -> None:
        cut = max(0, len(self._kept) - self._tail)
        if cut:
            # From the beginning of a line, or at least of a character.
            line = self._kept.find(b"\n", cut - 1) + 1
            cut = line if 0 < line < len(self._kept) else _character(self._kept, cut)
        self._skipped += cut
        del self._kept[:cut]

    def _ending(self) -> bytes:
        self._trim()
        if not self._skipped:
            return bytes(self._kept)
        newline = "" if self._last == b"\n" else "\n"
        marker = f"{newline}[{self._skipped} bytes of the log are left out here]\n"
        return marker.encode() + self._kept

    def _fail(self, error: OSError) -> None:
        self._over = True
        if self.problem is None:
            self.problem = full_disk(error)
            if self.on_problem is not None:
                self.on_problem(self.problem)


def _character(raw: bytearray, cut: int) -> int:
    """Return the first place from `cut` on where a UTF-8 character begins."""
    while cut < len(raw) and raw[cut] & 0xC0 == 0x80:
        cut += 1
    return cut
