"""The hosting account that the runner itself lives in: the same scripts, without SSH."""

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from deployr.states import Reason

from .. import environment
from ..command import Command, CommandFailedError
from ..errors import JobFailedError
from ..shell import Shell, end_marked
from ..stop import StopFlag
from ..transfer.shell_sender import ShellSender
from .host import Files, HostError, Probe, Sender, Sink
from .probe import SCRIPT, read_probe
from .shell_files import ShellFiles

NAME = "this account"
_PROBE_SECONDS = 120.0


class LocalHost:
    """As `Host` says; all runs as the runner's own user."""

    def __init__(self, mark: str, kept: Path) -> None:
        """`mark` finds what scripts start; `kept` is for what is remembered of trees."""
        self.name = NAME
        self.round_trips = 0
        self.answer_seconds = 0.0
        self.files: Files = ShellFiles(self)
        self.sender: Sender = ShellSender(self, kept / "here")
        self._mark = mark

    @cached_property
    def probe(self) -> Probe:
        """What the account can do."""
        return self.look()

    def look(self) -> Probe:
        """Find out anew. Raises HostError."""
        said: list[bytes] = []
        try:
            self.run(SCRIPT, sink=said.append, seconds=_PROBE_SECONDS)
        except JobFailedError as error:
            raise HostError(f"{self.name}: its shell does not answer: {error.detail}") from None
        found = read_probe(b"".join(said))
        if found is None:
            raise HostError(f"{self.name}: its shell does not answer")
        self.__dict__["probe"] = found
        return found

    def run(
        self,
        script: str,
        *,
        stdin: Iterable[bytes] = (),
        sink: Sink,
        stop: StopFlag | None = None,
        seconds: float | None = None,
    ) -> int:
        """Run a script as `Host.run` says."""
        with _fed(stdin, stop) as (flag, descriptor):
            try:
                shell = Shell(flag, self._mark)
                shell.run(_command(script, descriptor), sink, seconds=seconds)
            except CommandFailedError as error:
                return error.exit_code if error.exit_code > 0 else 128 - error.exit_code
        return 0

    def ask(self, script: str, stdin: Iterable[bytes] = ()) -> bytes:
        """Return the output of a script as `Host.ask` says."""
        with _fed(stdin, None) as (flag, descriptor):
            try:
                return Shell(flag, self._mark).read(_command(script, descriptor))
            except CommandFailedError as error:
                said = error.output.strip() or f"a script ended with exit code {error.exit_code}"
                raise HostError(f"{self.name}: {said}") from None

    def end(self, mark: str) -> None:
        """End what carries `mark`."""
        end_marked(mark)

    def close(self) -> None:
        """There is no connection."""


def _command(script: str, stdin: int) -> Command:
    argv = ("/bin/sh", "-c", script)
    return Command(argv=argv, cwd=Path.home(), env=environment.base(), stdin=stdin)


@contextlib.contextmanager
def _fed(stdin: Iterable[bytes], stop: StopFlag | None) -> Iterator[tuple[StopFlag, int]]:
    """Give a descriptor on which `stdin` can be read, and the flag that ends who reads it.

    Raises what `stdin` raises.
    """
    reader, writer = os.pipe()
    problems: list[BaseException] = []
    with StopFlag(parent=stop) as flag:
        feeder = threading.Thread(target=_feed, args=(stdin, writer, flag, problems), daemon=True)
        feeder.start()
        try:
            yield flag, reader
        except JobFailedError:
            if problems:
                raise problems[0] from None
            raise
        finally:
            os.close(reader)  # a feeder that still writes ends then
            feeder.join()
            if problems:
                os.close(writer)


def _feed(
    stdin: Iterable[bytes], writer: int, flag: StopFlag, problems: list[BaseException]
) -> None:
    try:
        for chunk in stdin:
            view = memoryview(chunk)
            while view:
                view = view[os.write(writer, view) :]
    except BrokenPipeError:
        pass  # a script may end before it has read all
    except BaseException as problem:  # noqa: BLE001 - raised by the thread that waits
        # Left open: a script must not take half of its input for all.
        problems.append(problem)
        flag.set(Reason.INTERNAL, str(problem))
        return
    os.close(writer)
