"""What is fed to a host: packed if the line is slow, with a report of how far it is."""

import time
import zlib
from collections.abc import Callable, Iterator

from ..hosts.host import Progress
from .tarstream import TarStream

SLOW_BYTES = 4 * 1024 * 1024
"""A second; a line that takes less in is worth the work of packing."""
_TRIAL_SECONDS = 3.0
_WORTH = 3
"""How much more than what was sent must be left, so that it pays to begin again."""
_REPORT_SECONDS = 0.5
_LEVEL = 6


class SlowError(Exception):
    """The line is so slow that it pays to begin again, packed."""


class Feed:
    """Hands on the pieces of an archive."""

    def __init__(
        self,
        stream: TarStream,
        total: tuple[int, int],
        progress: Progress,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`total`: files and bytes that will be sent."""
        self._stream = stream
        self._total = total
        self._progress = progress
        self._clock = clock
        self._reported = float("-inf")
        self._waited = 0.0
        self._fed = 0

    def plain(self, pieces: Iterator[bytes], can_pack: Callable[[], bool]) -> Iterator[bytes]:
        """Yield them as they are. Raises SlowError."""
        for piece in pieces:
            yield from self._timed(piece)
            if self._waited > _TRIAL_SECONDS and self._pays() and can_pack():
                raise SlowError

    def packed(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield them packed by gzip."""
        packer = zlib.compressobj(_LEVEL, wbits=31)
        for piece in pieces:
            yield from self._timed(packer.compress(piece))
        yield packer.flush()

    def report(self, *, at_once: bool = False) -> None:
        """Tell how far it is, not too often."""
        if at_once or self._clock() - self._reported >= _REPORT_SECONDS:
            self._reported = self._clock()
            files, size = self._total
            self._progress(self._stream.files, files, self._stream.bytes, size)

    def _timed(self, piece: bytes) -> Iterator[bytes]:
        """Yield it and measure how long we wait until the line has taken it."""
        self.report()
        if piece:
            start = self._clock()
            yield piece
            self._waited += self._clock() - start
            self._fed += len(piece)

    def _pays(self) -> bool:
        left = self._total[1] - self._stream.bytes
        return self._fed < SLOW_BYTES * self._waited and left > _WORTH * self._fed
