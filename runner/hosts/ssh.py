"""A hosting account that is reached by SSH: connected when first needed, and again when it broke."""

import contextlib
import secrets
import threading
import time
from collections.abc import Iterable

from paramiko import Channel, ChannelException, SSHException, Transport

from ..errors import JobFailedError
from ..stop import StopFlag
from .book import HostEntry
from .dial import CONNECT_SECONDS, NoLineError, dial, network_seconds, pinned
from .host import HostError, LostError, Sink
from .session import Session, end_script, new_mark, stop_after
from .spare import Spare

_END_SECONDS = 30.0
_ASK_SECONDS = 1800.0
"""Longer than a slow disk takes to copy or remove a site."""
_DYING_SECONDS = 0.1
_PAUSES = (0.02, 0.1, 0.5)
_MOST_BYTES = 256 * 1024 * 1024


class Connection:
    """Runs scripts in an account of another machine; may be used by several threads at once."""

    def __init__(self, entry: HostEntry, mark: str = "") -> None:
        """What is started there carries `mark`, which is the job's."""
        self.entry = entry
        self._mark = mark
        self.round_trips = 0
        self.answer_seconds = 0.0
        """How long the host last took to answer."""
        self._line: list[Transport] = []
        self._lock = threading.Lock()
        self._spare: Spare | None = None
        self._was_open = False
        self._lost: list[str] = []
        """Marks of commands that may still run since the connection broke."""

    def run(
        self,
        script: str,
        *,
        stdin: Iterable[bytes] = (),
        sink: Sink,
        errors: Sink | None = None,
        stop: StopFlag | None = None,
        seconds: float | None = None,
    ) -> int:
        """Run a script as `Host.run` says; with `errors` its error output goes there instead."""
        self._end_lost()
        with stop_after(seconds, stop) as flag:
            return self._run(script, stdin, (sink, errors or sink), flag)

    def ask(self, script: str, stdin: Iterable[bytes] = ()) -> bytes:
        """Return the output of a script as `Host.ask` says."""
        border = secrets.token_hex(16)  # before it, an account may greet all who log in
        out, said = _Answer(self.entry.name), _Answer(self.entry.name)
        begin = f"printf %s {border}\n"
        try:
            code = self.run(
                begin + script, stdin=stdin, sink=out, errors=said, seconds=_ASK_SECONDS
            )
        except JobFailedError as error:
            raise HostError(f"{self.entry.name} does not answer: {error.detail}") from None
        answer = out.text.partition(border.encode())[2]
        if code:
            text = (said.text or answer or out.text).decode(errors="replace").strip()
            raise HostError(f"{self.entry.name}: {text or f'a script ended with exit code {code}'}")
        return answer

    def connect(self) -> None:
        """Connect and log in, unless that is done. Raises HostError."""
        self._transport()

    def channel(self) -> Channel:
        """Open a channel; the connection is made anew when it broke. Raises HostError."""
        was_open = bool(self._line)
        try:
            return self._open()
        except LostError:
            if not was_open:
                raise
            return self._open()  # it had broken before; nothing was asked for yet

    def sftp_channel(self) -> Channel:
        """Open a channel that speaks SFTP. Raises HostError."""
        channel = self.channel()
        self.round_trips += 1
        try:
            channel.invoke_subsystem("sftp")
        except (OSError, EOFError, SSHException):
            channel.close()
            transport = channel.get_transport()
            transport.join(_DYING_SECONDS)  # its channels end before it does
            if not transport.is_active():
                raise LostError(f"{self.entry.name}: the connection broke") from None
            raise HostError(f"{self.entry.name} offers no SFTP") from None
        return channel

    def end(self, mark: str) -> None:
        """End what a job left running there, as `Host.end` says."""
        self._lost.append(mark)
        self._end_lost()

    def close(self) -> None:
        """End the connection; the next command makes a new one."""
        with self._lock:
            self._close()

    def _run(
        self, script: str, stdin: Iterable[bytes], sinks: tuple[Sink, Sink], stop: StopFlag | None
    ) -> int:
        mark = new_mark(self._mark)
        channel = self.channel()
        self.round_trips += 1
        try:
            session = Session(channel, script, mark)
            with self._lock:
                if self._spare and self._spare.transport is channel.get_transport():
                    self._spare.prepare()
            return session.run(stdin, *sinks, stop)
        except LostError as error:
            self._lost.append(mark)
            raise LostError(f"{self.entry.name}: {error.strerror}") from None
        except BaseException:
            self._lost.append(mark)
            with contextlib.suppress(HostError):  # else before the next command
                self._end_lost()
            raise

    def _end_lost(self) -> None:
        """End what still runs of commands that nobody waits for any more."""
        while self._lost:
            mark = self._lost.pop()
            try:
                with stop_after(_END_SECONDS, None) as flag:
                    ending = Session(self.channel(), end_script(mark), new_mark())
                    ending.run((), _ignore, _ignore, flag)
            except HostError:
                self._lost.append(mark)
                raise

    def _open(self) -> Channel:
        transport = self._transport()
        if channel := self._spared(transport):
            return channel
        self.round_trips += 1
        start = time.monotonic()
        try:
            channel = _opened(transport)
        except (OSError, EOFError, SSHException):
            with self._lock:
                if self._line and self._line[-1] is transport:
                    self._close()
            raise LostError(f"{self.entry.name}: the connection is broken") from None
        # A busy machine answers late; its network does not.
        self.answer_seconds = network_seconds(transport) or time.monotonic() - start
        return channel

    def _spared(self, transport: Transport) -> Channel | None:
        with self._lock:
            if self._spare is None or self._spare.transport is not transport:
                self._spare = Spare(transport, CONNECT_SECONDS)
            return self._spare.take()

    def _transport(self) -> Transport:
        with self._lock:
            if not self._line or not self._line[-1].is_active():
                self._close()
                self._line = self._dialled()
                self._was_open = True
            return self._line[-1]

    def _dialled(self) -> list[Transport]:
        try:
            return dial(self.entry, pinned(self.entry))
        except NoLineError as error:
            if self._was_open:  # so it is known to be right, and comes back
                raise LostError(str(error)) from None
            raise

    def _close(self) -> None:
        for transport in reversed(self._line):
            transport.close()
        self._line = []


class _Answer:
    """Gathers what a host says, but not without end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pieces: list[bytes] = []
        self._left = _MOST_BYTES

    def __call__(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._left -= len(piece)
        if self._left < 0:
            raise HostError(f"{self._name} answers without end")

    @property
    def text(self) -> bytes:
        """All of it."""
        return b"".join(self._pieces)


def _opened(transport: Transport) -> Channel:
    """Open a channel. A host that allows few may not have noticed yet that the last one ended."""
    for pause in _PAUSES:
        try:
            return transport.open_session(timeout=CONNECT_SECONDS)
        except ChannelException:
            time.sleep(pause)
    return transport.open_session(timeout=CONNECT_SECONDS)


def _ignore(_: bytes) -> None:
    """Take output that nobody wants."""
