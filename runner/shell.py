"""The only place of the runner that starts processes, and the one that ends them."""

import contextlib
import os
import pwd
import select
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from . import launcher
from .accounts import Account, group_problem
from .command import Command, CommandFailedError
from .errors import JobFailedError
from .launcher import MARK_VARIABLE, marked_processes
from .stop import StopFlag
from .sudo import Sudo

__all__ = [
    "MARK_VARIABLE",
    "Command",
    "CommandFailedError",
    "Shell",
    "end_marked",
    "marked_processes",
    "switch_problem",
]

TERM_SECONDS = 10.0
_READ_BYTES = 64 * 1024
_DRAIN_SECONDS = 1.0
_END_ROUNDS = 40

Sink = Callable[[bytes], object]


class Shell:
    """Runs commands for one job; `mark` in their environment finds even those that hid."""

    def __init__(self, stop: StopFlag, mark: str, account: Account | None = None) -> None:
        """With an `account` they run as that user."""
        self.stop = stop
        self._mark = mark
        self.account = account
        self._sudo = Sudo(account) if account and os.geteuid() != 0 else None

    @property
    def own(self) -> "Shell":
        """The same for commands that the runner's own user must run."""
        return Shell(self.stop, self._mark)

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
            with StopFlag(parent=self.stop) as late:
                said = f"`{command.title}` took longer than its timeout allows ({seconds:g} s)"
                late.limit(seconds, time.monotonic(), said)
                Shell(late, self._mark, self.account).run(command, sink, marked=marked)
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
                self._end(process, None)
                reader.join(_DRAIN_SECONDS)

    def sweep(self) -> None:
        """End what the job's commands have left running."""
        end_marked(self._mark, [self.account] if self.account else [])

    @contextlib.contextmanager
    def _started(
        self, command: Command, errors: int, *, marked: bool = True
    ) -> Iterator[subprocess.Popen[bytes]]:
        self.raise_if_stopped()
        try:
            process = self._open(command, errors, marked=marked)
        except OSError as error:
            raise CommandFailedError(command, launcher.NOT_STARTED, str(error)) from None
        with process:
            try:
                yield process
            except BaseException:
                self._end(process, self._mark)
                raise

    def _open(self, command: Command, errors: int, *, marked: bool) -> subprocess.Popen[bytes]:
        env, account = dict(command.env), self.account
        if account and env.get("HOME") == str(Path.home()):
            env["HOME"] = account.home
        if marked:
            env[MARK_VARIABLE] = self._mark
        if self._sudo:
            process = _popen(self._sudo.argv, errors, cwd="/", stdin=subprocess.PIPE)
            _hand_over(process, self._sudo.start(command, env))
            return process
        switch = account.switch if account else {}
        stdin = subprocess.DEVNULL if command.stdin is None else command.stdin
        return _popen(command.argv, errors, cwd=command.cwd, env=env, stdin=stdin, **switch)

    def _follow(self, process: subprocess.Popen[bytes], sink: Sink) -> None:
        """Read until the end of the output, or briefly on when only a left-over child holds it."""
        assert process.stdout is not None  # noqa: S101 - told to Popen above
        fd = process.stdout.fileno()
        last_read = float("inf")
        while time.monotonic() < last_read:
            if self.stop.reason:
                break
            # Asked first: what it said last before its end can be read by then.
            has_ended = process.poll() is not None
            ready, _, _ = select.select([fd, *self.stop.fds()], [], [], 0.1)
            if fd in ready:
                chunk = os.read(fd, _READ_BYTES)
                if not chunk:
                    break
                sink(chunk)
            if has_ended:
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
        if self.stop.reason:
            raise JobFailedError(self.stop.reason, self.stop.detail)

    @staticmethod
    def _check(command: Command, process: subprocess.Popen[bytes], output: str = "") -> None:
        if process.returncode:
            raise CommandFailedError(command, process.returncode, output)

    def _end(self, process: subprocess.Popen[bytes], mark: str | None) -> None:
        """End the process, its group and everything else that carries `mark`."""
        if self._sudo:
            _end_below(process, self._sudo, mark)

        def signal_all(number: int) -> bool:
            process.poll()  # reaps it
            grouped = launcher.signal_group(process.pid, number)
            return bool(mark and launcher.signal_marked(mark, number)) or grouped

        launcher.end_all(signal_all, TERM_SECONDS)


def _popen(argv: tuple[str, ...], errors: int, **how: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401 - as Popen takes it
    return subprocess.Popen(
        argv, **how, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
    )


def _hand_over(process: subprocess.Popen[bytes], order: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - told to Popen above
    # A sudo that refuses ends without reading; what it says is the command's output.
    with contextlib.suppress(BrokenPipeError), process.stdin:
        process.stdin.write(order)


def _pass_on(process: subprocess.Popen[bytes], sink: Sink) -> None:
    assert process.stdout is not None  # noqa: S101 - told to Popen above
    with contextlib.suppress(OSError, ValueError):  # closed while a left-over child holds it
        while chunk := os.read(process.stdout.fileno(), _READ_BYTES):
            sink(chunk)


def _end_below(process: subprocess.Popen[bytes], sudo: Sudo, mark: str | None) -> None:
    """End what a sudo, which we may not signal, has started or is about to start."""
    for _ in range(_END_ROUNDS):
        _ask(sudo, Sudo.end(mark, launcher.groups_below(process.pid), TERM_SECONDS))
        if process.poll() is not None:
            return
        time.sleep(0.05)


def end_marked(mark: str, accounts: Iterable[Account] = ()) -> None:
    """End all processes that carry `mark`, of this user and of `accounts`.

    Politely, and after TERM_SECONDS without asking.
    """
    launcher.end(mark, (), TERM_SECONDS)
    for account in accounts:
        if os.geteuid() != 0:
            _ask(Sudo(account), Sudo.end(mark, (), TERM_SECONDS))


def switch_problem(account: Account) -> str | None:
    """Say why this runner can't start processes as that user, or return None when it can."""
    if os.geteuid() == 0:
        return None
    if problem := group_problem(account):
        return problem
    if (said := _ask(Sudo(account), Sudo.end(None, (), 0))) is None:
        return None
    me = pwd.getpwuid(os.geteuid()).pw_name
    return (
        f"{me} can't start processes as {account.name} ({said}): as root, run install-runner.sh "
        f"--project-user {account.name}, or write `{me} ALL=({account.name}) NOPASSWD: ALL` to "
        "/etc/sudoers.d/deployr-runner"
    )


def _ask(sudo: Sudo, order: bytes) -> str | None:
    """Let the other user do something; say what went wrong."""
    try:
        done = subprocess.run(sudo.argv, input=order, cwd="/", capture_output=True, check=False)
    except OSError as error:
        return str(error)
    return done.stderr.decode(errors="replace").strip() if done.returncode else None
