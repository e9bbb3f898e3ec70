"""What systemd is told of the agent; without systemd nothing happens."""

import os
import time

import sdnotify

ALIVE_SECONDS = 10.0
"""Least pause between two signs of life; WatchdogSec must be several times as long."""


class Systemd:
    """Used by the thread of the main loop alone, so that a loop that hangs gives no sign of life."""

    def __init__(self) -> None:
        # The package leaves a socket open when there is nobody to connect to.
        self._notifier = sdnotify.SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        self._next = 0.0

    def ready(self) -> None:
        """Say that polling begins."""
        self._say("READY=1")

    def stopping(self) -> None:
        """Say that no new work is taken."""
        self._say("STOPPING=1")

    def alive(self) -> None:
        """Say that the loop turns; may be called as often as one likes."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + ALIVE_SECONDS
            self._say("WATCHDOG=1")

    def _say(self, state: str) -> None:
        if self._notifier is not None:
            self._notifier.notify(state)
