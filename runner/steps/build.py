"""The build."""

from dataclasses import dataclass

from ..context import Context
from ..recipes.recipe import Commands
from .step import as_lines


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
