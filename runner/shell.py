"""The only place of the runner that starts processes, and the one that ends them."""

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import JobFailedError
from .stop import StopFlag

TERM_SECONDS = 10.0
_READ_BYTES = 64 * 1024
_DRAIN_SECONDS = 1.0
_KILL_ROUNDS = 40  # a process may fork between being listed and being killed
MARK_VARIABLE = "DEPLOYR_MARK"

Sink = Callable[[bytes], None]


@dataclass(frozen=True, kw_only=True)
class Command:
    """A process to start: no shell looks at `argv`, and `env` is all the environment it gets."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]

    @classmethod
    def line(cls, line: str, cwd: Path, env: Mapping[str, str]) -> "Command":
        """Return a command line of a deploy.yaml or a recipe; it ends at the first failure."""
        return cls(argv=("/bin/sh", "-euc", line), cwd=cwd, env=env)

    @property
    def title(self) -> str:
        """The command as people wrote it."""
        if self.argv[:2] == ("/bin/sh", "-euc"):
            return self.argv[2]
        return " ".join(self.argv)


class CommandFailedError(Exception):
    """A command ended with another exit code than 0."""

    def __init__(self, command: Command, exit_code: int, output: str = "") -> None:
        super().__init__(f"`{command.title}` ended with exit code {exit_code}")
        self.command = command
        self.exit_code = exit_code
        self.output = output


class Shell:
    """Runs commands for one job; `mark` in their environment finds even those that hid."""

    def __init__(self, stop: StopFlag, mark: str) -> None:
        self._stop = stop
        self._mark = mark

    def run(
        self, command: Command, sink: Sink, *, marked: bool = True, seconds: float | None = None
    ) -> None:
        """Run to the end, handing output of both streams to `sink` as it comes.

        What is started without the mark may go on for ever, unless it is stopped meanwhile and
        still in the command's own process group.
        Raises CommandFailedError, and JobFailedError when a stop was asked for or it took longer
        than `seconds`.
        """
        if seconds is not None:
            with StopFlag(parent=self._stop) as late:
                said = f"`{command.title}` took longer than its timeout allows ({seconds:g} s)"
                late.limit(seconds, time.monotonic(), said)
                Shell(late, self._mark).run(command, sink, marked=marked)
            return
        with self._started(command, subprocess.STDOUT, marked=marked) as process:
            self._follow(process, sink)
        self._check(command, process)

    def read(self, command: Command) -> bytes:
        """Run to the end and return the standard output. Raises as `run` does."""
        found: list[bytes] = []
        with tempfile.TemporaryFile() as errors:
            with self._started(command, errors.fileno()) as process:
                self._follow(process, found.append)
            errors.seek(0)
            self._check(command, process, errors.read().decode(errors="replace"))
        return b"".join(found)

    @contextlib.contextmanager
    def started(self, command: Command, sink: Sink) -> Iterator[Callable[[], int | None]]:
        """Keep a command running during the block, and end its process group with it.

        Output of both streams goes to `sink`, from another thread. What is yielded tells the exit
        code, or None while it runs. Raises CommandFailedError when it can't be started.
        """
        with self._started(command, subprocess.STDOUT) as process:
            reader = threading.Thread(target=_pass_on, args=(process, sink), daemon=True)
            reader.start()
            try:
                yield process.poll
            finally:
                _end(lambda number: _signal_group(process, number))
                reader.join(_DRAIN_SECONDS)

    def sweep(self) -> None:
        """End what the job's commands have left running."""
        end_marked(self._mark)

    @contextlib.contextmanager
    def _started(
        self, command: Command, errors: int, *, marked: bool = True
    ) -> Iterator[subprocess.Popen[bytes]]:
        self.raise_if_stopped()
        try:
            process = subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env={**command.env, MARK_VARIABLE: self._mark} if marked else command.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise CommandFailedError(command, 127, str(error)) from None
        with process:
            try:
                yield process
            except BaseException:
                self._end(process)
                raise

    def _follow(self, process: subprocess.Popen[bytes], sink: Sink) -> None:
        """Read until the end of the output, or briefly on when only a left-over child holds it."""
        assert process.stdout is not None  # noqa: S101 - told to Popen above
        fd = process.stdout.fileno()
        last_read = float("inf")
        while time.monotonic() < last_read:
            if self._stop.reason:
                break
            ready, _, _ = select.select([fd, *self._stop.fds()], [], [], 0.1)
            if fd in ready:
                chunk = os.read(fd, _READ_BYTES)
                if not chunk:
                    break
                sink(chunk)
            if process.poll() is not None:
                quiet = fd not in ready
                last_read = 0 if quiet else min(last_read, time.monotonic() + _DRAIN_SECONDS)
        self._wait(process)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            self.raise_if_stopped()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        self.raise_if_stopped()

    def raise_if_stopped(self) -> None:
        """Raise JobFailedError when a stop was asked for."""
        if self._stop.reason:
            raise JobFailedError(self._stop.reason, self._stop.detail)

    @staticmethod
    def _check(command: Command, process: subprocess.Popen[bytes], output: str = "") -> None:
        if process.returncode:
            raise CommandFailedError(command, process.returncode, output)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End the process, its group and everything else that carries the mark."""

        def signal_all(number: int) -> bool:
            grouped = _signal_group(process, number)
            return bool(_signal_marked(self._mark, number)) or grouped

        _end(signal_all)


def _pass_on(process: subprocess.Popen[bytes], sink: Sink) -> None:
    assert process.stdout is not None  # noqa: S101 - told to Popen above
    with contextlib.suppress(OSError, ValueError):  # closed while a left-over child holds it
        while chunk := os.read(process.stdout.fileno(), _READ_BYTES):
            sink(chunk)


def end_marked(mark: str) -> None:
    """End all processes that carry `mark`: politely, and after TERM_SECONDS without asking."""
    _end(lambda number: bool(_signal_marked(mark, number)))


def _end(signal_all: Callable[[int], bool]) -> None:
    """End what `signal_all` reaches; it tells whether something was there. 0 only looks."""
    if not signal_all(signal.SIGTERM):
        return
    deadline = time.monotonic() + TERM_SECONDS
    while time.monotonic() < deadline:
        if not signal_all(0):
            return
        time.sleep(0.05)
    for _ in range(_KILL_ROUNDS):
        if not signal_all(signal.SIGKILL):
            return
        time.sleep(0.05)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> bool:
    process.poll()  # reaps it
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
    return _lives_group(process.pid)


def _lives_group(group: int) -> bool:
    """Tell whether a process group has members that are no zombies: nobody may reap those."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name before may hold anything, but the last bracket is its end.
            state, _, its_group = entry.read_bytes().rpartition(b")")[2].split()[:3]
            if int(its_group) == group and state != b"Z":
                return True
    return False


def _signal_marked(mark: str, number: int) -> list[int]:
    found = marked_processes(mark)
    for pid in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return found


def marked_processes(mark: str) -> list[int]:
    """Return the ids of all living processes whose environment carries `mark`."""
    needle = f"{MARK_VARIABLE}={mark}\0".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if needle in entry.read_bytes():
                found.append(int(entry.parent.name))
    return found
