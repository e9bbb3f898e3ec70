"""Commands of an app on the host that has its releases."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from .. import environment
from ..command import Command, CommandFailedError
from ..launcher import MARK_VARIABLE
from ..shell import Sink
from ..stop import StopFlag

# Others on the host can read what a process was started with, so the environment comes by its
# input. A jail may lack /dev/stdin, but it has cat.
_READ_ENVIRONMENT = 'given="$(cat)" && eval "$given" && unset given && exec </dev/null'

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# The shell around it keeps the mark, by which a stop finds the whole process group.
_UNMARKED = f'unset {MARK_VARIABLE}; "$@"; exit $?'


class Runs(Protocol):
    """The part of a `Host` that is needed here."""

    def run(
        self,
        script: str,
        *,
        stdin: Iterable[bytes] = (),
        sink: Sink,
        stop: StopFlag | None = None,
        seconds: float | None = None,
    ) -> int:
        """As `Host.run` says."""


class HostCommander:
    """Runs commands where the releases are; `stop` ends them there."""

    def __init__(self, host: Runs, programs: str, stop: StopFlag) -> None:
        """Programs in the directory `programs` of the host come before all others."""
        self._host = host
        self._programs = programs
        self._stop = stop

    def run(
        self, command: Command, sink: Sink, *, marked: bool = True, seconds: float | None = None
    ) -> None:
        """Run to the end, as Shell does. Raises HostError too."""
        code = self._host.run(
            self._script(command, marked=marked),
            stdin=self._environment(command.env),
            sink=sink,
            stop=self._stop,
            seconds=seconds,
        )
        if code:
            raise CommandFailedError(command, code)

    def _script(self, command: Command, *, marked: bool) -> str:
        argv = command.argv if marked else ("/bin/sh", "-c", _UNMARKED, "sh", *command.argv)
        return (
            f"{_READ_ENVIRONMENT} && cd {shlex.quote(str(command.cwd))} && exec {shlex.join(argv)}"
        )

    def _environment(self, env: Mapping[str, str]) -> Iterator[bytes]:
        """Give what sets `env`, but for what only says how this machine is set up."""
        here = environment.base()
        own = {name: value for name, value in env.items() if here.get(name) != value}
        # An env file may have names that only PHP's dotenv takes, and the shell no.
        lines = [f"export {n}={shlex.quote(v)}\n" for n, v in own.items() if _NAME.fullmatch(n)]
        lines.append(f'export PATH={shlex.quote(self._programs)}:"$PATH"\n')
        yield "".join(lines).encode(errors="surrogateescape")
