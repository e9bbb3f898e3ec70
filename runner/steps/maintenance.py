"""Maintenance mode while migrations run, however the deployment ends."""

from dataclasses import dataclass

from ..context import Context
from ..recipes import Maintenance
from ..shell import CommandFailedError, Shell
from .step import as_lines

_MARK = "maintenance"
_DOWN_FILE = "storage/framework/down"


@dataclass(frozen=True)
class BeginMaintenance:
    """Take the site down; undone by `up` wherever the deployment failed."""

    lines: Maintenance
    name: str = "maintenance"

    def plan(self, ctx: Context) -> list[str]:
        return as_lines((self.lines.down,), ctx.task.root / "current")

    def run(self, ctx: Context) -> None:
        if ctx.target.live() is None:
            ctx.log.line("nothing is live yet that could be taken down")
        elif ctx.target.has_shared(_DOWN_FILE):
            ctx.log.line("the site is in maintenance mode already, and stays so")
        else:
            # Before the command: after a crash in between, the next deployment must know.
            ctx.target.write_note(_MARK, "")
            self._take_down(ctx)

    def undo(self, ctx: Context) -> None:
        _bring_up(ctx, self.lines, ctx.undo_shell)

    def _take_down(self, ctx: Context) -> None:
        """Use the live release; the new one, which shares its storage, where that is broken."""
        live = ctx.target.live_path()
        try:
            ctx.run_lines((self.lines.down,), live, release=live)
        except CommandFailedError as error:
            ctx.log.line(f"the live release can't do it: {error}")
            ctx.run_lines((self.lines.down,), ctx.target.release_path(ctx.release))


@dataclass(frozen=True)
class EndMaintenance:
    """Bring the site up again, if a deployment took it down: this one, or one that crashed."""

    lines: Maintenance
    name: str = "end-maintenance"

    def plan(self, ctx: Context) -> list[str]:
        return as_lines((self.lines.up,), ctx.task.root / "current")

    def run(self, ctx: Context) -> None:
        _bring_up(ctx, self.lines, ctx.shell)

    def undo(self, ctx: Context) -> None:
        """Visitors see what is live."""


@dataclass(frozen=True)
class Recover:
    """Bring the site up that a crashed deployment left down; if it can't be, the next release is."""

    lines: Maintenance
    name: str = "recover"

    def plan(self, ctx: Context) -> list[str]:
        return as_lines((self.lines.up,), ctx.task.root / "current")

    def run(self, ctx: Context) -> None:
        ctx.log.line("an earlier deployment left the site in maintenance mode")
        try:
            _bring_up(ctx, self.lines, ctx.shell)
        except CommandFailedError as error:
            ctx.log.line(f"it stays so until the new release is live: {error}")

    def undo(self, ctx: Context) -> None:
        """What could not be done before can't be done now."""


def was_left_down(ctx: Context) -> bool:
    """Tell whether a deployment took the site down and did not bring it up again."""
    return ctx.target.read_note(_MARK) is not None


def _bring_up(ctx: Context, lines: Maintenance, shell: Shell) -> None:
    """End the maintenance mode that a deployment began, not one that somebody else did."""
    if was_left_down(ctx):
        live = ctx.target.live_path()
        ctx.run_lines((lines.up,), live, release=live, shell=shell)
        ctx.target.write_note(_MARK, None)
