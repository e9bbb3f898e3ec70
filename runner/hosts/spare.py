"""A channel that is opened while another one is in use, so that the next command need not wait."""

import contextlib
import threading
import time

from paramiko import Channel, SSHException, Transport

_FRESH_SECONDS = 5.0
"""Older, it does not show that the connection still stands: then a new one has to."""


class Spare:
    """At most one channel, of one connection."""

    def __init__(self, transport: Transport, seconds: float) -> None:
        """`seconds`: how long the host may take to open it."""
        self.transport = transport
        self._seconds = seconds
        self._channel: Channel | None = None
        self._opened = 0.0
        self._opener: threading.Thread | None = None
        self._is_refused = False

    def prepare(self) -> None:
        """Begin to open it, unless the host takes no second one."""
        if self._opener is None and not self._is_refused:
            self._opener = threading.Thread(target=self._open, daemon=True)
            self._opener.start()

    def take(self) -> Channel | None:
        """Return it, if one was prepared a moment ago."""
        opener, self._opener = self._opener, None
        if opener is None:
            return None
        opener.join()
        channel, self._channel = self._channel, None
        if channel is None or not (channel.closed or self._is_old):
            return channel
        channel.close()
        return None

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._opened > _FRESH_SECONDS

    def _open(self) -> None:
        self._is_refused = True
        with contextlib.suppress(OSError, EOFError, SSHException):
            self._channel = self.transport.open_session(timeout=self._seconds)
            self._opened = time.monotonic()
            self._is_refused = False
