"""SFTP with many requests in flight: work is written as generators, which run side by side.

All runs in the thread that asks. A server that stops reading until its answers are read can't
block us for good: paramiko's own thread takes answers in meanwhile, and what is in flight is kept
below the channel's window.
"""

import contextlib
import struct
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from typing import NamedTuple, TypeVar

from ..hosts.host import HostError
from ..hosts.ssh import Connection
from . import packets
from .line import Line

MAX_REQUESTS = 4000
MAX_BYTES = 4 * 1024 * 1024
"""How much may be in flight; a window of the channel must hold it."""
MAX_WIDTH = 1000
"""How many tasks run at once, each with at most one file open on the host."""
_CAUTIOUS_WIDTH = 100
"""Where the host does not tell how many files may be open."""
_MANY = 200
_GATHER_SECONDS = 0.003
"""So long many answers may come together: each waking and each small packet has its price."""
_CHUNK = 32 * 1024
"""What each server reads and writes at once."""
_LEAST = 4 * 1024
_MOST_CHUNK = 255 * 1024
_VERBS = {
    packets.CLOSE: "finish",
    packets.EXTENDED: "rename",
    packets.MKDIR: "make the directory",
    packets.OPEN: "open",
    packets.READ: "read",
    packets.REMOVE: "remove",
    packets.RENAME: "rename",
    packets.RMDIR: "remove",
    packets.SYMLINK: "make the link",
    packets.WRITE: "write",
}
_FILLING = (packets.CLOSE, packets.MKDIR, packets.OPEN, packets.SYMLINK, packets.WRITE)

Answer = tuple[int, bytes]
"""Type and body."""
Then = Callable[[int, bytes], None]


class Ask(NamedTuple):
    """A request whose answer its task waits for."""

    kind: int
    body: bytes
    answer_bytes: int = 0
    """How large its answer may be, where that matters."""


class Turn(NamedTuple):
    """What a task yields to go on when there is room again, or with `anew` as one not yet begun."""

    anew: bool


ROOM, ANEW = Turn(anew=False), Turn(anew=True)

_T = TypeVar("_T")
Steps = Generator[Ask | Turn, Answer, _T]
"""A task, or a part of one."""


class Pipeline:
    """One SFTP session; broken, and closed, after the first error that it raises."""

    def __init__(self, connection: Connection) -> None:
        """Raises HostError."""
        self.name = connection.entry.name
        self.chunk = _CHUNK
        """How many bytes one READ or WRITE may have."""
        self.width = _CAUTIOUS_WIDTH
        self._connection = connection
        self._line = Line(connection.sftp_channel(), self.name)
        self._pending: dict[int, tuple[Then, int, int]] = {}
        self._alive = 0
        self._eager: deque[Steps[object]] = deque()
        self._parked: deque[Steps[object]] = deque()
        self._last = 0
        self._in_flight = 0
        self._trip = self._trips = 0
        with self._guard():
            self.extensions = self._line.hello()
            self._trips = self._trip = 1
            if "limits@openssh.com" in self.extensions:
                self.ask(packets.EXTENDED, packets.string(b"limits@openssh.com"), self._limit)

    @property
    def is_open(self) -> bool:
        """Whether it can be used, as far as is known."""
        return self._line.is_open

    def close(self) -> None:
        """End the session; the host closes what was open."""
        self._line.close()

    def run(self, *tasks: Steps[object]) -> None:
        """Do tasks side by side, and wait until all is answered that was asked.

        Raises HostError, LostError, and what a task raises.
        """
        self.run_all(tasks)

    def run_all(self, tasks: Iterable[Steps[object]]) -> None:
        """Do tasks as `run`; each is made when there is room for it."""
        with self._guard():
            for task in tasks:
                self._begin(task)
                self._go_on(self.width - 1)
            while self._pending or self._eager or self._parked:
                self._go_on(0)
                if self._pending:
                    self._pump()

    def get(self, task: Steps[_T]) -> _T:
        """Do one task and return its result; raises as `run`."""
        found: list[_T] = []

        def keep() -> Steps[None]:
            found.append((yield from task))

        self.run(keep())
        return found[0]

    def spawn(self, task: Steps[object]) -> None:
        """Do a task in the run that is under way, as soon as there is room."""
        if self._alive < self.width:
            self._begin(task)
        else:
            self._parked.append(task)

    def ask(self, kind: int, body: bytes, then: Then, answer_bytes: int = 0) -> None:
        """Send a request without waiting; `then` gets the type and the body of the answer."""
        self._last = number = (self._last + 1) & 0xFFFFFFFF
        cost = len(body) + answer_bytes
        self._pending[number] = (then, cost, self._trip)
        self._in_flight += cost
        self._line.send(kind, number, body)

    def order(self, kind: int, body: bytes, path: str, fine: Collection[int] = ()) -> None:
        """Send a request without waiting; a no that is not `fine` makes `run` raise HostError."""

        def then(answer_kind: int, answer: bytes) -> None:
            if answer_kind != packets.STATUS or answer[:4] != b"\0\0\0\0":
                self.check(kind, (answer_kind, answer), path, fine)

        self.ask(kind, body, then)

    def check(self, kind: int, answer: Answer, path: str, fine: Collection[int] = ()) -> int:
        """Return the code of an answer that is yes or no. Raises HostError unless it is `fine`."""
        if answer[0] != packets.STATUS:
            raise self.confused()
        code, words = packets.read_status(answer[1])
        if code == packets.OK or code in fine:
            return code
        said = words or f"error {code}"
        if code == packets.FAILURE and kind in _FILLING:
            said += ": the disk or the quota may be full, or a right missing"
        shown = path if path.isprintable() else ascii(path)
        raise HostError(f"{self.name} can't {_VERBS.get(kind, 'look at')} this ({said})", shown)

    def confused(self) -> HostError:
        """Return the error for an answer that SFTP does not know here."""
        return HostError(f"{self.name} answers otherwise than SFTP servers do")

    def _begin(self, task: Steps[object]) -> None:
        self._alive += 1
        self._step(task)

    def _step(self, task: Steps[object], answer: Answer | None = None) -> None:
        try:
            wanted = next(task) if answer is None else task.send(answer)
        except StopIteration:
            self._alive -= 1
            return
        if isinstance(wanted, Ask):
            self.ask(wanted[0], wanted[1], lambda *got: self._step(task, got), wanted[2])
        elif wanted.anew:
            self._alive -= 1
            self._parked.append(task)
        else:
            self._eager.append(task)

    def _go_on(self, most: int) -> None:
        """Do what can be done until all have begun, and at most so many tasks are not at an end."""
        while self._eager or self._parked or self._alive > most or self.is_full:
            if self.is_full:
                self._pump()
            elif self._eager:
                self._step(self._eager.popleft())
            elif self._parked and self._alive < self.width:
                self._begin(self._parked.popleft())
            else:
                self._pump()

    @property
    def is_full(self) -> bool:
        """Whether a task should wait before it asks for more."""
        return len(self._pending) >= MAX_REQUESTS or self._in_flight >= MAX_BYTES

    def _pump(self) -> None:
        """Wait for answers and handle them."""
        if len(self._pending) > _MANY:
            self._line.flush()
            time.sleep(_GATHER_SECONDS)
        for kind, number, body in self._line.answers():
            if number not in self._pending:
                raise self.confused()
            then, cost, trip = self._pending.pop(number)
            self._in_flight -= cost
            self._trip = trip + 1
            self._trips = max(self._trips, self._trip)
            then(kind, body)

    def _limit(self, kind: int, answer: bytes) -> None:
        if kind != packets.EXTENDED_REPLY or len(answer) < 32:
            return
        _, reads, writes, handles = struct.unpack_from(">4Q", answer)
        self.chunk = max(_LEAST, min(reads or _CHUNK, writes or _CHUNK, _MOST_CHUNK))
        self.width = max(1, min(MAX_WIDTH, handles * 3 // 4)) if handles else MAX_WIDTH

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        """Close the session when something went wrong, and count the round trips."""
        before = self._trip = self._trips
        try:
            yield
        except ValueError:
            self.close()
            raise self.confused() from None
        except BaseException:
            self.close()
            raise
        finally:
            self._connection.round_trips += self._trips - before
