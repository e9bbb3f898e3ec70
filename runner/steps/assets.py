"""Hashed files of earlier releases, for visitors whose tab is still open."""

from dataclasses import dataclass

from ..context import Context
from ..recipes import nextjs


@dataclass(frozen=True)
class Assets:
    """Put into the new release what the last `keep` good ones served and it lacks."""

    keep: int
    name: str = "assets"

    def plan(self, ctx: Context) -> list[str]:
        return [f"keep the hashed files of {len(self._earlier(ctx))} earlier releases reachable"]

    def run(self, ctx: Context) -> None:
        static = nextjs.static_directory(ctx.built)
        if static is None:
            ctx.log.line("this release has no hashed files")
            return
        merged = ctx.target.keep_assets(ctx.release, static, self._earlier(ctx))
        ctx.log.line(f"{merged} hashed files of earlier releases stay reachable")

    def undo(self, ctx: Context) -> None:
        """The files go with the release."""

    def _earlier(self, ctx: Context) -> list[str]:
        """Return the newest good releases that are still there, the newest first."""
        present = set(ctx.target.present()) - {ctx.release}
        records = ctx.target.records()
        good = [name for name in records if records[name].state == "good" and name in present]
        return good[::-1][: self.keep]
