"""What a step of a deployment is."""

from pathlib import Path
from typing import Protocol

from deployr.sections import Hook

from ..context import Context
from ..recipes.recipe import BuildCommands, Install


class Step(Protocol):
    """One named part of a deployment: a small value made by `plan`, run once."""

    @property
    def name(self) -> str:
        """The word that stands in log and report."""

    def plan(self, ctx: Context, /) -> list[str]:
        """Say what `run` would do, a line each, and change nothing."""

    def run(self, ctx: Context, /) -> None:
        """Do it. Raises JobFailedError, CommandFailedError or OSError."""

    def undo(self, ctx: Context, /) -> None:
        """Take back what `run` did, completely or in part; called when a later step failed too."""


def as_lines(commands: BuildCommands, cwd: Path, hooks: str = "") -> list[str]:
    """Return command lines as a plan shows them; `hooks` is the key of those of deploy.yaml."""
    return [f"in {cwd}: {_line(each, hooks)}" for each in commands]


def _line(command: str | Hook | Install, hooks: str) -> str:
    if isinstance(command, str):
        return command
    if isinstance(command, Install):
        return command.run
    limit = f" (timeout {command.timeout} s)" if command.timeout else ""
    return f"{hooks} hook{limit}: {command.run}"
