"""One command on the far side: what it reads, what it says, how it ends, and how it is ended."""

import contextlib
import secrets
import shlex
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from paramiko import Channel
from paramiko.common import cMSG_CHANNEL_REQUEST
from paramiko.message import Message

from ..errors import JobFailedError
from ..launcher import MARK_VARIABLE
from ..stop import StopFlag
from .host import HostError, LostError, Sink

TERM_SECONDS = 10.0
KILLED = 137
"""Exit code of a script whose shell a signal ended."""
_PIECE_BYTES = 256 * 1024
_DRAIN_SECONDS = 1.0
_LOOK_SECONDS = 0.1

# Reads /proc with nothing but the shell and cat: a jail may have no more. A zero byte is lost in
# $(…), so the mark is unique; it is in the arguments until the account's .bashrc is done, and in
# two parts in ours. The name in "…/stat" may hold blanks, as npm's. Who comes late is waited for.
_END = """exec 2>/dev/null
each() { for p in /proc/[0-9]*; do [ -O "$p/environ" ] || continue
case "$(cat "$p/environ" "$p/cmdline")" in *"<NAME>"=<MARK>*) : ;; *) continue ;; esac
is=$(cat "$p/stat"); is=${is##*) }; is=${is#* * }; kill -s "$1" -- "-${is%% *}" && found=yes; done; }
n=0; how=TERM
while [ "$n" -lt <ROUNDS> ]; do found=; each "$how"
if [ "$found" ]; then how=0; elif [ "$how" = 0 ] || [ "$n" -ge <LOOKS> ]; then exit 0; fi
if [ "$n" -ge <POLITE> ]; then how=KILL; fi
n=$((n+1)); sleep 0.1; done
exit 1"""
_LOOKS = 3


def new_mark(job: str = "") -> str:
    """Return what tells the processes of one command from all others; it begins as its job's."""
    return f"{job}.{secrets.token_hex(12)}" if job else secrets.token_hex(12)


def end_script(mark: str) -> str:
    """Return the script that ends what carries `mark`, or one that begins so.

    Politely, after TERM_SECONDS by force.
    """
    polite = int(TERM_SECONDS * 10)
    facts = {"NAME": MARK_VARIABLE, "MARK": mark, "LOOKS": _LOOKS}
    facts |= {"POLITE": polite, "ROUNDS": polite + 40}
    script = _END
    for name, value in facts.items():
        script = script.replace(f"<{name}>", str(value))
    return script


class Session:
    """A script that runs on a channel of its own."""

    def __init__(self, channel: Channel, script: str, mark: str) -> None:
        """Start it, without waiting for the answer. Raises LostError."""
        self._channel = channel
        self._transport: Any = channel.get_transport()
        self._problem: BaseException | None = None
        self._news = _News()
        # By an exec, as only what a process began with is seen in its /proc/…/environ: else the
        # shell itself would go on, between two commands, when those are ended.
        begin = f"{MARK_VARIABLE}={mark}; export {MARK_VARIABLE}; exec /bin/sh -c "
        self._request(f"/bin/sh -c {shlex.quote(begin + shlex.quote(script))}")

    def run(
        self, stdin: Iterable[bytes], out: Sink, errors: Sink, stop: StopFlag | None = None
    ) -> int:
        """Feed it, hand on what it says, and return its exit code.

        Raises LostError when the connection broke, JobFailedError when a stop was asked for, and
        what `stdin` raised; then the script may still run, and the channel is closed.
        """
        feeder = threading.Thread(target=self._feed_alone, args=(stdin,), daemon=True)
        feeder.start()
        try:
            self._follow(out, errors, stop)
            return self._exit_code()
        finally:
            self._channel.close()
            feeder.join(_DRAIN_SECONDS)

    def _feed_alone(self, stdin: Iterable[bytes]) -> None:
        with self._transport.feeding(self._channel):
            self._feed(stdin)

    def _feed(self, stdin: Iterable[bytes]) -> None:
        try:
            for chunk in stdin:
                for start in range(0, len(chunk), _PIECE_BYTES):
                    if not self._send(chunk[start : start + _PIECE_BYTES]):
                        return
        except BaseException as problem:  # noqa: BLE001 - raised by the thread that waits
            self._problem = problem
            self._news.set()
            return
        # Only now: a script must not take half of its input for all.
        with contextlib.suppress(OSError, EOFError):
            self._channel.shutdown_write()

    def _send(self, piece: bytes) -> bool:
        """Tell whether the other side took it: a script may end before it has read all."""
        try:
            self._channel.sendall(piece)
        except (OSError, EOFError):
            return False
        return True

    def _follow(self, out: Sink, errors: Sink, stop: StopFlag | None) -> None:
        """Hand on output until all is said; briefly when only a left-over child could say more."""
        channel, last = self._channel, float("inf")
        for buffer in (channel.in_buffer, channel.in_stderr_buffer):
            buffer.set_event(self._news)
        while time.monotonic() < last:
            self._news.forget()
            is_over = self._is_over()
            self._hand_on(out, errors)
            if is_over:
                break
            if self._problem:
                raise self._problem
            if stop and stop.reason:
                raise JobFailedError(stop.reason, stop.detail)
            if channel.exit_status_ready():
                last = min(last, time.monotonic() + _DRAIN_SECONDS)
            waited_for = channel.status_event if channel.eof_received else self._news
            waited_for.wait(_LOOK_SECONDS)

    def _is_over(self) -> bool:
        channel = self._channel
        return bool(channel.closed or (channel.eof_received and channel.exit_status_ready()))

    def _hand_on(self, out: Sink, errors: Sink) -> None:
        channel = self._channel
        pairs: tuple[tuple[Callable[[], bool], Callable[[int], bytes], Sink], ...] = (
            (channel.recv_ready, channel.recv, out),
            (channel.recv_stderr_ready, channel.recv_stderr, errors),
        )
        for is_ready, receive, sink in pairs:
            while is_ready():
                sink(receive(_PIECE_BYTES))

    def _exit_code(self) -> int:
        channel = self._channel
        if channel.exit_status >= 0:
            return channel.exit_status
        self._transport.join(_LOOK_SECONDS)  # its channels end before it does
        if not self._transport.is_active():
            raise LostError("the connection broke before the command had ended")
        if not channel.event_ready:
            raise HostError("the host refuses to run commands")
        return KILLED

    def _request(self, command: str) -> None:
        """Ask for a command without waiting for the yes, which costs a round trip.

        After a no paramiko closes the channel.
        """
        message = Message()
        message.add_byte(cMSG_CHANNEL_REQUEST)
        message.add_int(self._channel.remote_chanid)
        message.add_string("exec")
        message.add_boolean(True)  # noqa: FBT003 - an answer is wanted
        message.add_string(command.encode(errors="surrogateescape"))  # as file names are
        try:
            self._transport._send_user_message(message)  # noqa: SLF001 - exec_command waits
        except (OSError, EOFError):
            raise LostError("the connection broke before the command began") from None


class _News(threading.Event):
    """Set when something came or ended; paramiko clears it whenever its buffers are empty."""

    def clear(self) -> None:
        """Leave it: what came to the other buffer counts too."""

    def forget(self) -> None:
        """Wait for what comes from now on."""
        super().clear()


@contextlib.contextmanager
def stop_after(seconds: float | None, stop: StopFlag | None) -> Iterator[StopFlag | None]:
    """Give a flag that also asks for a stop after `seconds`."""
    if seconds is None:
        yield stop
        return
    with StopFlag(parent=stop) as late:
        late.limit(seconds, time.monotonic(), f"it took longer than its timeout ({seconds:g} s)")
        yield late
