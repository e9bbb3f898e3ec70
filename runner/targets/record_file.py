"""The record of releases as a file beside them."""

import os
from collections.abc import Collection
from pathlib import Path

from .. import releases
from ..files import write_atomically

_TIDY_BYTES = 1024 * 1024


class RecordFile:
    """`releases.jsonl`: a line each time that something becomes of a release."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> dict[str, releases.Record]:
        """Return the last record of each release, in the order in which they were made."""
        return releases.parse(self._text())

    def add(self, record: releases.Record) -> None:
        """Add a line. One that a crash tore is ended first: it would swallow this one."""
        torn = self._text()[-1:] not in {"", "\n"}
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "a", encoding="utf-8") as file:
            file.write(("\n" if torn else "") + releases.render(record))

    def tidy(self, present: Collection[str]) -> None:
        """Forget what was removed long ago, once the file has become large."""
        if self.path.exists() and self.path.stat().st_size > _TIDY_BYTES:
            write_atomically(self.path, releases.tidy(self.all(), present))

    def _text(self) -> str:
        if not self.path.exists():
            return ""
        return self.path.read_text(encoding="utf-8", errors="replace")
