"""The switch, the look whether it went well, and the tidying up."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deployr.sections import HealthCheck, Restart

from ..context import Context
from ..errors import JobFailedError
from ..health import wait_until_healthy
from ..recipes.recipe import Commands
from ..restarts import restart_all
from ..shell import CommandFailedError
from .kind import serve_as_recorded
from .refresh import refresh


class Activate:
    """Make the release live; undone by making live again what was live before."""

    name = "activate"

    def __init__(self, after: Commands, restarts: Sequence[Restart] = ()) -> None:
        """Restarts and `after`, commands, follow each switch, the one back too."""
        self._after = after
        self._restarts = restarts
        self._previous: str | None = None

    def plan(self, ctx: Context) -> list[str]:
        root = ctx.task.root
        return [f"{root}/current, now {ctx.target.live()}, becomes releases/{ctx.release}"]

    def run(self, ctx: Context) -> None:
        self._previous = ctx.target.live()
        ctx.before = ctx.target.live_release() or ""
        release = ctx.made.model_copy(update={"state": "live"})
        ctx.lifeline.before_switch(ctx.task.entry, release)
        ctx.note("live")
        ctx.target.activate(ctx.target.live_name(ctx.release))
        ctx.lifeline.after_switch()
        ctx.log.line(f"{ctx.task.root}/current is {ctx.release}")
        refresh(ctx)

    def undo(self, ctx: Context) -> None:
        if ctx.release_state != "live":
            return
        if ctx.target.live() != ctx.target.live_name(ctx.release):
            ctx.release_state = "building"
            if self._previous is not None and not ctx.target.is_here:
                self._go_back(ctx, self._previous)  # something comes before the switch there
            return
        if self._previous is not None:
            ctx.log.line(f"going back to {self._previous}")
            self._go_back(ctx, self._previous)
            refresh(ctx)
        elif ctx.target.take_back():
            ctx.log.line("there is no earlier release: visitors get what was there before Deployr")
        else:
            ctx.log.line("there is no earlier release to go back to: this one stays live")
        self._record(ctx)
        if self._previous is not None and ctx.target.live() == self._previous:
            self._restart(ctx, ctx.task.root / self._previous)

    @staticmethod
    def _go_back(ctx: Context, previous: str) -> None:
        """Serve what was live before; what of it fails is told, and the rest of the undo goes on."""
        try:
            serve_as_recorded(ctx, PurePosixPath(previous).name)
            ctx.target.activate(previous)
        except OSError as error:
            ctx.log.line(f"warning: {previous} may not be what visitors get: {error}")

    @staticmethod
    def _record(ctx: Context) -> None:
        # What a rollback could not bring back was good in its time, and may be again.
        try:
            ctx.note("good" if ctx.goal else "bad")
        except OSError as error:  # a full disk may be why it was sick
            ctx.log.line(f"warning: what became of {ctx.release} can't be recorded: {error}")

    def _restart(self, ctx: Context, place: Path) -> None:
        """Let the release in `place` be served again: all that can be restarted is."""
        said = f"{place.name} is live again"
        try:
            try:
                restart_all(ctx, self._restarts, undo=True)
            finally:
                ctx.run_lines(self._after, place, release=place, shell=ctx.undo_shell)
        except (CommandFailedError, JobFailedError) as error:
            said += f", but its restart failed too: {error}"
        ctx.log.line(said)


@dataclass(frozen=True)
class Health:
    """Ask the app whether it is well."""

    check: HealthCheck
    name: str = "health"

    def plan(self, _: Context) -> list[str]:
        check = self.check
        text = f" and the text {check.text!r}" if check.text else ""
        tries = f"at most {check.attempts} times" if check.attempts > 1 else "once"
        within = f" within {check.deadline} s" if check.deadline else ""
        return [f"ask {check.url} for status {check.status}{text}, {tries}{within}"]

    def run(self, ctx: Context) -> None:
        wait_until_healthy(self.check, ctx.stop, ctx.log.line)

    def undo(self, ctx: Context) -> None:
        """It only asked."""


@dataclass(frozen=True)
class Prune:
    """Remove the oldest releases; what can't be removed is a warning.

    Also before the build, for room: when deployments keep failing nothing else would remove any.
    """

    keep: int
    name: str = "prune"

    def plan(self, _: Context) -> list[str]:
        return [f"remove releases but the live one, the one before and {self.keep} good ones"]

    def run(self, ctx: Context) -> None:
        try:
            pruned = ctx.target.prune(self.keep)
        except OSError as error:
            ctx.log.line(f"warning: old releases can't be removed: {error}")
            return
        if pruned.gone:
            ctx.log.line(f"removed: {', '.join(pruned.gone)}")
        for problem in pruned.stuck:
            ctx.log.line(f"warning: an old release can't be removed: {problem}")

    def undo(self, ctx: Context) -> None:
        """What is gone is gone: it was no goal of a rollback."""


@dataclass(frozen=True)
class Confirm:
    """Call the release good: from now on it can be rolled back to."""

    name: str = "confirm"

    def plan(self, ctx: Context) -> list[str]:
        return [f"record {ctx.release} as good"]

    def run(self, ctx: Context) -> None:
        try:
            ctx.note("good")
        except OSError as error:
            ctx.log.line(f"warning: {ctx.release} can't be recorded as good: {error}")

    def undo(self, ctx: Context) -> None:
        """The undo of the switch records what became of it."""
