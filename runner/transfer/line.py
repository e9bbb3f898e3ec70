"""Packets of an SFTP session over a channel, many of them in each piece that is sent."""

import contextlib
import struct
from collections.abc import Iterator

from paramiko import Channel, SSHException

from ..hosts.host import HostError, LostError
from . import packets

_PIECE = 32 * 1024 - 64
"""What fits in one packet of an SSH channel; paramiko keeps 64 bytes back."""
_MAX_ANSWER = 1024 * 1024
_SILENCE_SECONDS = 120.0
_HEAD = struct.Struct(">IBI")


class Line:
    """One SFTP session, version 3; methods raise LostError, and HostError for what is not SFTP."""

    def __init__(self, channel: Channel, name: str) -> None:
        """`name` is what people call the host."""
        self._channel = channel
        self._name = name
        self._out = bytearray()
        self._in = b""
        channel.settimeout(_SILENCE_SECONDS)

    @property
    def is_open(self) -> bool:
        """Whether it can be used, as far as is known."""
        return not self._channel.closed and not self._channel.eof_received

    def close(self) -> None:
        """End the session; the host closes what was open."""
        with contextlib.suppress(OSError, EOFError, SSHException):
            self._channel.close()

    def hello(self) -> dict[str, bytes]:
        """Begin, and return what the host offers beyond the version. Raises ValueError."""
        self._out += struct.pack(">IBI", 5, packets.INIT, 3)
        got, size = b"", 5
        while len(got) < 4 + size:
            got += self._receive()
            size = packets.read_number(got, 0)[0] if len(got) >= 4 else size
            if not 5 <= size <= _MAX_ANSWER:
                break
        if got[4:5] != bytes([packets.VERSION]) or len(got) != 4 + size:
            raise HostError(
                f"{self._name} says something else than SFTP: see that no start-up file of the "
                "account (.bashrc) prints anything"
            )
        return packets.read_extensions(got[5:])

    def send(self, kind: int, number: int, body: bytes) -> None:
        """Send a request, at the latest when we wait for answers."""
        self._out += _HEAD.pack(len(body) + 5, kind, number)
        self._out += body
        if len(self._out) >= _PIECE:
            self._send(_PIECE)

    def flush(self) -> None:
        """Send now what waits."""
        self._send(1)

    def answers(self) -> Iterator[tuple[int, int, bytes]]:
        """Wait, and yield type, number and body of all answers that have come.

        Raises ValueError. To be gone through to its end.
        """
        got = self._in + self._receive()
        at, end = 0, len(got)
        while end - at >= 9:
            size, kind, number = _HEAD.unpack_from(got, at)
            if not 5 <= size <= _MAX_ANSWER:
                raise ValueError("no packet is that long")
            after = at + 4 + size
            if after > end:
                break
            yield kind, number, got[at + 9 : after]
            at = after
        self._in = got[at:]

    def _receive(self) -> bytes:
        self._send(1)
        try:
            got = self._channel.recv(_MAX_ANSWER)
        except (OSError, EOFError, SSHException):
            got = b""
        if not got:
            raise self._lost()
        return got

    def _send(self, at_least: int) -> None:
        """Send what waits, as long as it is `at_least` so many bytes."""
        out = self._out
        while len(out) >= at_least:
            try:
                sent = self._channel.send(bytes(out[:_PIECE]))
            except (OSError, EOFError, SSHException):
                sent = 0
            if not sent:
                raise self._lost()
            del out[:sent]

    def _lost(self) -> LostError:
        return LostError(f"{self._name}: the connection broke")
