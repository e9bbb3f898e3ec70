"""A log file that several processes write and that is kept from growing."""

import contextlib
import fcntl
import os
from io import TextIOWrapper
from logging import LogRecord
from logging.handlers import WatchedFileHandler
from pathlib import Path

MAX_BYTES = 5 * 1024 * 1024
KEPT = 3
"""Old files: FILE.1 is the newest of them."""


class SharedLogFile(WatchedFileHandler):
    """Appends to a file of mode 0600 and moves it aside when it is full.

    No line is lost by that: a process that still has the old file open writes into it, once more.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError when the file can't be opened."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        super().__init__(path, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8")

    def emit(self, record: LogRecord) -> None:
        """Write a line; what goes wrong is told on the error stream."""
        try:
            self.reopenIfNeeded()
            if self.stream and os.fstat(self.stream.fileno()).st_size >= MAX_BYTES:
                self._rotate()
        except OSError:
            self.handleError(record)
        super().emit(record)

    def _rotate(self) -> None:
        with self._path.with_name(f"{self._path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another process may have done it while we waited.
            if self._path.exists() and self._path.stat().st_size >= MAX_BYTES:
                for number in range(KEPT - 1, -1, -1):
                    with contextlib.suppress(FileNotFoundError):
                        self._aged(number).rename(self._aged(number + 1))
        self.reopenIfNeeded()

    def _aged(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
