"""What an app needs of a hosting account, judged by what was found out about the account."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nodesemver

from deployr.manifest import Manifest
from deployr.plainfile import read_plain
from deployr.states import Framework

from ..hosts.host import Probe
from ..recipes import App, Recipe
from ..recipes.nextjs import is_standalone
from .disk import FLOOR, MIB
from .finding import Finding, problem, warning

_CONFIGS = ("next.config.js", "next.config.mjs", "next.config.ts", "next.config.cjs")
_OUTPUT = re.compile(r"""\boutput\s*:\s*['"`](\w+)['"`]""")
_SAYS_OUTPUT = re.compile(r"\boutput\b")
_HANDLER = re.compile(rb"(?:ea|alt)-php(\d)(\d)")


def place_findings(name: str, probe: Probe) -> Iterator[Finding]:
    """Say why nothing at all can be deployed to the account that people call `name`."""
    if not probe.can_write:
        yield problem(f"the home of {name} ({probe.home}) can't be written to: ask the hoster")
    elif not probe.symlinks:
        yield problem(f"{name} has no symbolic links, by which releases are switched")
    bytes_, inodes = probe.free_bytes, probe.free_inodes
    if bytes_ is not None and bytes_ < FLOOR.bytes:
        yield problem(f"{name} has {bytes_ // MIB} MiB left of its quota or disk: make room there")
    if inodes is not None and inodes < FLOOR.inodes:
        yield problem(f"{name} may have {inodes} more files only: make room there")


def app_findings(
    name: str, probe: Probe, app: App, recipe: Recipe, manifest: Manifest
) -> Iterator[Finding]:
    """Say what the app wants that can't be done on the account."""
    if manifest.deploy.restart:
        yield problem(
            "deploy.restart restarts services, of which a hosting account has none: leave it out"
        )
    if recipe.framework is Framework.NEXTJS and manifest.build.output is None:
        yield from _nextjs(name, probe, app)
    if probe.shell != "none":
        return
    if recipe.framework is Framework.LARAVEL:
        yield problem(
            f"{name} runs no commands, and Laravel needs some there (migrations, caches): ask the "
            "hoster for SSH access"
        )
    hooks = manifest.deploy.hooks
    for key in ("before_activate", "after_activate", "on_failure"):
        if getattr(hooks, key):
            yield problem(
                f"{name} runs no commands, so deploy.hooks.{key} can't be done: leave it out, or "
                "do it while building (before_build, build.commands)"
            )
    if recipe.framework is Framework.NEXTJS and manifest.nextjs.keep_assets:
        yield warning(
            f"{name} runs no commands, so hashed files of earlier releases are not kept: a tab "
            "that is still open may have to load its page anew"
        )


def next_output(tree: Path) -> str | None:
    """Return `export` or `standalone` as next.config says; "" when it says none; None: unclear."""
    for name in _CONFIGS:
        try:
            text = read_plain(tree / name).decode(errors="replace")
        except OSError:
            continue
        found = _OUTPUT.search(text)
        return found[1] if found else (None if _SAYS_OUTPUT.search(text) else "")
    return ""


def planned_public(app: App, recipe: Recipe) -> str | None:
    """Return what will be served of a release, as `Target.serve` takes it, before it is built."""
    if recipe.framework is Framework.NEXTJS and next_output(app.tree) == "standalone":
        return None
    return recipe.public


def public_of(release: Path, recipe: Recipe) -> str | None:
    """Return the same of a release that was built."""
    if recipe.framework is Framework.NEXTJS and is_standalone(release):
        return None
    return recipe.public


def _nextjs(name: str, probe: Probe, app: App) -> Iterator[Finding]:
    output = None if app.own_build else next_output(app.tree)
    if output == "":
        yield problem(NEITHER)
    if output == "standalone" and probe.shell != "none" and not probe.node:
        yield warning(
            f"no Node.js was found on {name}: make the app in cPanel, Setup Node.js App, so that "
            "Passenger starts it"
        )


NEITHER = (
    "next.config sets no output: on a hosting account `export` (static files) or `standalone` (an "
    "app of Passenger) can be served"
)


class PhpChoice:
    """Which PHP of the account runs the app's commands."""

    def __init__(self, name: str, probe: Probe, tree: Path) -> None:
        self._name = name
        self._probe = probe
        self._wanted = list(_constraints(tree))

    def findings(self, served_by: str | None) -> Iterator[Finding]:
        """Say why none does, or that another one serves its pages."""
        if self.path(served_by):
            if served_by and not self._fits(f"{served_by}.999"):
                yield problem(
                    f"the document root is served by PHP {served_by}, and the app asks for "
                    f"{' and '.join(self._wanted)}: choose another in cPanel, MultiPHP Manager"
                )
            return
        known = ", ".join(sorted(self._probe.php, key=_parts)) or "none"
        asked = f", and the app asks for {' and '.join(self._wanted)}" if self._wanted else ""
        yield problem(f"{self._name} has these versions of PHP: {known}{asked}")

    def path(self, served_by: str | None) -> str | None:
        """Return the one that serves the pages (`8.3`), else the newest that the app takes."""
        fit = sorted((each for each in self._probe.php if self._fits(each)), key=_parts)
        same = [each for each in fit if served_by and each.startswith(f"{served_by}.")]
        return self._probe.php[(same or fit)[-1]] if fit else None

    def _fits(self, version: str) -> bool:
        return all(nodesemver.satisfies(version, each, loose=True) for each in self._wanted)


def serving_php(htaccess: bytes | None) -> str | None:
    """Return which PHP a `.htaccess` of cPanel's MultiPHP or PHP selector names, as `8.3`."""
    found = _HANDLER.search(htaccess or b"")
    return f"{found[1].decode()}.{found[2].decode()}" if found else None


def _constraints(tree: Path) -> Iterator[str]:
    """Yield what composer.json and the packages of composer.lock want of PHP, as npm writes it."""
    locked = _json(tree / "composer.lock").get("packages")
    packages = [_json(tree / "composer.json"), *(locked if isinstance(locked, list) else ())]
    wanted = [each.get("require") for each in packages if isinstance(each, dict)]
    texts = [each.get("php") for each in wanted if isinstance(each, dict)]
    for text in dict.fromkeys(each for each in texts if isinstance(each, str)):
        if nodesemver.valid_range(range_ := _as_npm(text), loose=True) is not None:
            yield range_


def _as_npm(constraint: str) -> str:
    """Write a constraint of composer as npm does: `,` is a space, `|` is `||`, ~8.2 goes to 9."""
    either = re.sub(r"\s*\|\|?\s*", " || ", constraint.replace(",", " "))
    return re.sub(r"~(\d+\.\d+)(?![\d.])", r"^\1", either)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_plain(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
