"""What is fed to a host: packed if the line is slow, with a report of how far it is."""

import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from ..hosts.host import Progress
from .tarstream import TarStream

SLOW_BYTES = 4 * 1024 * 1024
"""A second; a line that takes less in is worth the work of packing."""
_TRIAL_SECONDS = 3.0
_WORTH = 3
"""How much more than what was sent must be left, so that it pays to begin again."""
_REPORT_SECONDS = 0.5
_FAR_SECONDS = 0.015
"""Who takes longer to answer takes in no more than can be packed meanwhile: SSH's window is 2 MB."""
_THREADS = 2
_AHEAD = 4
"""Pieces that are packed while one is sent."""
_SAMPLE_BYTES = 16 * 1024
_WORTHLESS = 0.9
_STORED = 0


FAST, THOROUGH = 1, 6
"""Levels of packing: for hosts that are far away, and for slow lines."""


def is_far(answer_seconds: float) -> bool:
    """Tell whether it pays to pack from the beginning for a host that takes so long to answer."""
    return answer_seconds > _FAR_SECONDS


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

    def packed(self, pieces: Iterator[bytes], level: int) -> Iterator[bytes]:
        """Yield them packed by gzip, each by itself."""
        with ThreadPoolExecutor(_THREADS) as pool:
            ahead: deque[Future[bytes]] = deque()
            for piece in pieces:
                ahead.append(pool.submit(_pack, piece, level))
                if len(ahead) > _AHEAD:
                    yield from self._timed(ahead.popleft().result())
            for last in ahead:
                yield from self._timed(last.result())

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


def _pack(piece: bytes, level: int) -> bytes:
    """Return a whole gzip file; what a sample shows to be packed already is only wrapped."""
    sample = piece[:_SAMPLE_BYTES]
    if len(zlib.compress(sample, FAST)) > _WORTHLESS * len(sample):
        level = _STORED
    return zlib.compress(piece, level, wbits=31)
