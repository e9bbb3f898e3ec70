"""The build."""

from dataclasses import dataclass

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
        return as_lines((*self.before, *self.commands), ctx.tree)

    def run(self, ctx: Context) -> None:
        ctx.run_lines(self.before, ctx.tree)
        for command in self.commands:
            line = command.run if isinstance(command, Install) else command
            ctx.run_lines((line,), ctx.tree)

    def undo(self, ctx: Context) -> None:
        """The work directory is removed in any case."""
