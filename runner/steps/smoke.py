"""The smoke start of a release before the switch."""

from dataclasses import dataclass

from ..context import Context
from ..recipes import nextjs
from ..smoke import smoke_start

SERVER = ("node", "server.js")


@dataclass(frozen=True)
class Smoke:
    """Start the standalone server of a Next.js app on a spare port and ask it for a page."""

    page: str
    name: str = "smoke"

    def plan(self, ctx: Context) -> list[str]:
        release = ctx.target.release_path(ctx.release)
        return [f"where the build is standalone: start {release} and ask for {self.page}"]

    def run(self, ctx: Context) -> None:
        if ctx.goal and not ctx.target.is_here:
            ctx.log.line("it was tried when it was built, and is on another machine now")
            return
        release = ctx.built
        if not nextjs.is_standalone(release):
            ctx.log.line("this release has no server of its own: nothing to try")
            return
        took = smoke_start(
            SERVER, release, self.page, env=ctx.env(release), shell=ctx.shell, stop=ctx.stop
        )
        ctx.log.line(f"it answers {self.page} on a spare port, {took:.1f} s after its start")

    def undo(self, ctx: Context) -> None:
        """The server was ended as soon as it had answered."""
