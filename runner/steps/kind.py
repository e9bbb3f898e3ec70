"""Which kind of app a release is: those of one project need not all be alike."""

from pathlib import Path

from deployr.states import Framework

from ..context import Context
from ..preflight.account import public_of
from ..recipes import RECIPES


def serve_as_recorded(ctx: Context, release: str) -> None:
    """Say what visitors of a hosting account get of a release that is to be live again."""
    known = ctx.target.records().get(release)
    if ctx.target.is_here or known is None or known.framework is None:
        return
    recipe, there = RECIPES[known.framework], Path()
    if recipe.framework is Framework.NEXTJS:
        there = ctx.target.look_into(release, ("server.js",))
    ctx.target.serve(public_of(there, recipe))
