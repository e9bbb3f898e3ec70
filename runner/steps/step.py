"""What a step of a deployment is."""

from typing import Protocol

from ..context import Context


class Step(Protocol):
    """One named part of a deployment: a small value made by `plan`, run once."""

    @property
    def name(self) -> str:
        """The word that stands in log and report."""

    def run(self, ctx: Context) -> None:
        """Do it. Raises JobFailedError, CommandFailedError or OSError."""

    def undo(self, ctx: Context) -> None:
        """Take back what `run` did, completely or in part; called when a later step failed too."""
