"""The build."""

from dataclasses import dataclass
from functools import partial

from ..caches import Reuse
from ..context import Context
from ..recipes.recipe import BuildCommands, Commands, Install
from .step import as_lines


@dataclass(frozen=True)
class Build:
    """Run the app's own build commands, or the recipe's."""

    before: Commands
    commands: BuildCommands
    name: str = "build"

    def plan(self, ctx: Context) -> list[str]:
        return as_lines((*self.before, *self.commands), ctx.tree, "before_build")

    def run(self, ctx: Context) -> None:
        ctx.run_lines(self.before, ctx.tree)
        reuse = _reuse(ctx)
        for carried in ctx.recipe.carried:
            reuse.carry_in(carried)
        for command in self.commands:
            if isinstance(command, Install):
                reuse.install(command, partial(ctx.run_lines, (command.run,), ctx.tree, build=True))
            else:
                ctx.run_lines((command,), ctx.tree, build=True)
        for carried in ctx.recipe.carried:
            reuse.carry_out(carried)

    def undo(self, ctx: Context) -> None:
        """The work directory is removed in any case."""


def _reuse(ctx: Context) -> Reuse:
    spec = ctx.task.spec
    is_wanted = spec.params.get("cache") != "no"
    if not is_wanted:
        ctx.log.line("caches: not used (--no-cache)")
    # The name of the version is another one in each commit.
    version = ctx.recipe.version_variable
    env = {name: value for name, value in ctx.env(None, build=True).items() if name != version}
    return Reuse(
        store=ctx.caches,
        project=ctx.task.entry.key,
        environment=spec.environment,
        tree=ctx.tree,
        env=env,
        enabled=ctx.manifest.build.cache and is_wanted,
    )
