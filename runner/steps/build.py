"""Preflight, then the build."""

from dataclasses import dataclass

from deployr.states import Reason

from ..context import Context
from ..errors import JobFailedError
from ..recipes.recipe import Commands
from ..tools import missing_tools
from .step import as_lines

ENV_FILE = ".env"


@dataclass(frozen=True)
class Preflight:
    """Find everything that would fail later, before anything changes."""

    shared_files: tuple[str, ...]
    name: str = "preflight"

    def plan(self, _: Context) -> list[str]:
        return []

    def problems(self, ctx: Context) -> list[str]:
        """Say what would fail, a sentence each."""
        return [
            *missing_tools(ctx.recipe.tools(ctx.app)),
            *ctx.recipe.problems(ctx.app),
            *self._missing_files(ctx),
            *ctx.target.problems(),
        ]

    def run(self, ctx: Context) -> None:
        if problems := self.problems(ctx):
            raise JobFailedError(Reason.PREFLIGHT_FAILED, "\n".join(problems))
        if not ctx.target.lock():
            raise JobFailedError(
                Reason.PREFLIGHT_FAILED,
                f"another deployment is working in {ctx.task.root}; try again when it is done",
            )
        if ctx.task.env_text is not None and ENV_FILE not in self.shared_files:
            ctx.log.line(f"{ctx.task.env_file} is not used: .env is not in deploy.shared.files")

    def undo(self, ctx: Context) -> None:
        """The lock is given back when the deployment ends, whichever way."""

    def _missing_files(self, ctx: Context) -> list[str]:
        return [_missing(ctx, name) for name in self.shared_files if not _will_exist(ctx, name)]


@dataclass(frozen=True)
class Build:
    """Run the app's own build commands, or the recipe's."""

    before: Commands
    commands: Commands
    name: str = "build"

    def plan(self, ctx: Context) -> list[str]:
        return as_lines((*self.before, *self.commands), ctx.tree)

    def run(self, ctx: Context) -> None:
        ctx.run_lines((*self.before, *self.commands), ctx.tree)

    def undo(self, ctx: Context) -> None:
        """The work directory is removed in any case."""


def _will_exist(ctx: Context, name: str) -> bool:
    if ctx.target.has_shared(name):
        return True
    if name == ENV_FILE:
        # One from the repository would be a secret that everybody has.
        return ctx.task.env_text is not None
    return (ctx.tree / name).is_file()


def _missing(ctx: Context, name: str) -> str:
    here = ctx.target.shared_path(name)
    if name != ENV_FILE:
        return f"the shared file {here} is missing: make it on the server"
    return (
        f"the app needs its .env: write it to {ctx.task.env_file} on the server (readable by the "
        f"runner's user only: chmod 600), or put one at {here}"
    )
