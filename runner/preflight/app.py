"""What an app needs of the machine that builds it."""

from collections.abc import Collection
from pathlib import Path

from deployr.states import Framework

from ..recipes import App, Recipe
from ..tools import missing_tools
from .disk import FLOOR, NPM_FLOOR, Room
from .finding import Finding, problem
from .memory import available, memory_findings
from .versions import Ask, version_findings


def app_findings(app: App, recipe: Recipe, live: Path | None, ask: Ask) -> list[Finding]:
    """Judge programs, their versions, and memory; `live` is the release that is live now."""
    tools = recipe.tools(app)
    missing = missing_tools(tools)
    here = [name for name in tools if not missing_tools([name])]
    return [
        *map(problem, missing),
        *version_findings(app, here, live, ask),
        *memory_findings(recipe.framework, available()),
    ]


def floor_of(framework: Framework, tools: Collection[str]) -> Room:
    """Return what a build takes at least."""
    return NPM_FLOOR if "npm" in tools or framework is Framework.NEXTJS else FLOOR
