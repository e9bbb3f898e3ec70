"""An SSH connection on which two threads may use one channel."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

from paramiko import Channel, Message, Transport


class Line(Transport):
    """Sends nothing more for a feeding thread once its channel is closed.

    paramiko makes a message first and sends it later, and answers the server's CLOSE from a thread
    of its own in between. What comes after that answer (RFC 4254, 5.3) names a channel which is
    gone, or is another one's by now; OpenSSH ends the whole connection then.
    """

    def __init__(self, where: socket | Channel, window_bytes: int) -> None:
        """Speak SSH over `where`; of one channel so many bytes may be on their way to us."""
        super().__init__(where, default_window_size=window_bytes)
        # Not shared: what one connection sends may travel through another one, by the same thread.
        self._fed = threading.local()

    @contextmanager
    def feeding(self, channel: Channel) -> Iterator[None]:
        """Let this thread send to one channel alone, and only while that is open."""
        self._fed.channel = channel
        try:
            yield
        finally:
            del self._fed.channel

    def _send_message(self, data: Message) -> None:
        """Called for one message of a channel at a time; closed is set before CLOSE is sent."""
        channel: Channel | None = getattr(self._fed, "channel", None)
        if channel is None or not channel.closed:
            super()._send_message(data)  # type: ignore[misc] # the stubs leave it out
