"""Whether the tools of this server are what the app asks for, in the tools' own terms."""

import filecmp
import json
from collections.abc import Callable, Collection
from pathlib import Path

import nodesemver

from ..recipes.recipe import App
from .finding import Finding, problem, warning

Ask = Callable[[str, Path], str | None]
"""Runs a command line in a directory and returns what it prints, or None when it fails."""

_PLATFORM = (
    "composer check-platform-reqs --lock --no-dev --no-plugins --no-interaction --format=json"
    " 2>/dev/null || true"
)


def version_findings(
    app: App, tools: Collection[str], live: Path | None, ask: Ask
) -> list[Finding]:
    """Judge `engines` of package.json and the platform of composer.lock.

    Only for the programs that are in `tools` and installed. The lock file of the live release has
    been judged before.
    """
    found = [
        finding
        for name in ("node", "npm")
        if name in tools
        for finding in _engine(app, name, lambda name: ask(f"{name} --version", app.tree))
    ]
    return found + (_platform(app, live, ask) if "composer" in tools else [])


def _engine(app: App, name: str, version_of: Callable[[str], str | None]) -> list[Finding]:
    engines = app.package.get("engines")
    wanted = engines.get(name) if isinstance(engines, dict) else None
    if not isinstance(wanted, str):
        return []
    if nodesemver.valid_range(wanted, loose=True) is None:
        return [warning(f"package.json: engines.{name} is no range of versions: {wanted}")]
    version = version_of(name)
    if version is None or nodesemver.satisfies(version.strip().lstrip("v"), wanted, loose=True):
        return []
    said = f"this server has {name} {version.strip()}, and package.json asks for {wanted}"
    if name == "npm":  # another one mostly does, as npm itself only warns
        return [warning(f"{said}: npm install --global npm@…")]
    return [problem(f"{said}: install that version, or change engines.node")]


def _platform(app: App, live: Path | None, ask: Ask) -> list[Finding]:
    lock = app.tree / "composer.lock"
    if not lock.is_file() or _is_same(lock, live):
        return []
    try:
        rows = json.loads(ask(_PLATFORM, app.tree) or "[]")
    except ValueError:  # an older composer knows no JSON here; `composer install` will tell
        return []
    return [problem(_unmet(row)) for row in rows if row["status"] != "success"]


def _is_same(lock: Path, live: Path | None) -> bool:
    known = live / lock.name if live else None
    return known is not None and known.is_file() and filecmp.cmp(lock, known, shallow=False)


def _unmet(row: dict[str, object]) -> str:
    wish = row.get("failed_requirement")
    facts = wish if isinstance(wish, dict) else {}
    name, constraint = str(row["name"]), facts.get("constraint", "*")
    asked = f"{facts.get('source', 'composer.lock')} asks for {name} {constraint}"
    if name.startswith("ext-"):
        short = name.removeprefix("ext-")
        return f"{asked}, and this server's php lacks it: apt-get install php-{short}"
    return f"{asked}, and this server has {row['version']}: install that version"
