"""Tells the log how far a transfer is."""

import time
from collections.abc import Callable

from ..errors import JobFailedError
from ..stop import StopFlag

_EVERY_SECONDS = 5.0
_MIB = 1024 * 1024


class Reported:
    """A `Progress` that writes a line now and then, and one at the end."""

    def __init__(
        self,
        say: Callable[[str], object],
        stop: StopFlag,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Who reports is told to end, by JobFailedError, once `stop` asks for it."""
        self._say = say
        self._stop = stop
        self._clock = clock
        self._told = clock()
        self._last = (0, 0)
        self.is_begun = False
        """Whether anything was heard."""

    def __call__(self, files: int, of_files: int, bytes_: int, of_bytes: int) -> None:
        """Hear how far it is. Raises JobFailedError."""
        if self._stop.reason:
            raise JobFailedError(self._stop.reason, self._stop.detail)
        self.is_begun = True
        self._last = (files, bytes_)
        if self._clock() - self._told >= _EVERY_SECONDS:
            self._told = self._clock()
            self._say(f"sent {files} of {of_files} files, {_mib(bytes_)} of {_mib(of_bytes)} MiB")

    def end(self) -> None:
        """Say how much was sent."""
        files, bytes_ = self._last
        self._say(f"sent {files} files, {_mib(bytes_)} MiB; the rest was there already")


def _mib(size: int) -> str:
    return f"{size / _MIB:.1f}"
