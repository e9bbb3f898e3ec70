"""What a step of a deployment is."""

from pathlib import Path
from typing import Protocol

from ..context import Context
from ..recipes.recipe import BuildCommands


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


def as_lines(commands: BuildCommands, cwd: Path) -> list[str]:
    """Return command lines as a plan shows them."""
    lines = (each if isinstance(each, str) else each.run for each in commands)
    return [f"in {cwd}: {line}" for line in lines]
