"""node_modules as `npm ci` makes it."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deployr.detect import package_json
from deployr.plainfile import read_plain

from .copying import Links, Shape
from .keys import content
from .manager import Manager, Read

_LOCKS = ("npm-shrinkwrap.json", "package-lock.json")

# Those that `npm ci` runs for the app itself; they may do anything, anywhere.
_SCRIPTS = (
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
    "dependencies",
)
_HUSKY = re.compile(r"husky( install)?( *\|\| *true)?")  # does nothing outside of a git repository

_INSIDE = "node_modules/"

# Those who build know their own settings; the runner may be another user.
_TOOLS = 'node --version; npm --version; cat .npmrc "$HOME/.npmrc" 2>/dev/null || true'


def _obstacle(tree: Path) -> str | None:
    package = package_json(tree)
    scripts = package.get("scripts")
    if isinstance(scripts, dict):
        for name in _SCRIPTS:
            if scripts.get(name) and not _HUSKY.fullmatch(str(scripts[name]).strip()):
                return f"package.json has a script {name}"
    if (tree / "binding.gyp").exists():
        return "the app compiles a module of its own (binding.gyp)"
    if any(_has_local_packages(tree / name) for name in _LOCKS):
        return "packages of the repository itself are among the dependencies"
    return None


def _has_local_packages(lock: Path) -> bool:
    """Tell whether some packages are installed from directories or files of the checkout."""
    try:
        text = read_plain(lock).decode()
        packages: Any = json.loads(text)["packages"]
        return '"file:' in text or any(name and not name.startswith(_INSIDE) for name in packages)
    except FileNotFoundError:
        return False
    except (OSError, ValueError, LookupError, TypeError):
        return True  # one of npm before 7, or none at all: not known


def _inputs(tree: Path, read: Read) -> Iterable[bytes]:
    package = {
        name: value
        for name, value in package_json(tree).items()
        if name not in {"version", "scripts"}
    }
    return (
        read(_TOOLS),
        json.dumps(package, sort_keys=True).encode(),
        *(content(tree / name) for name in _LOCKS),
    )


MANAGER = Manager(
    directory="node_modules",
    # Builds write there: their own caches, or code that is generated for the app.
    shape=Shape(links=Links.UNSHARED, omit=(".cache",)),
    must_finish=False,
    obstacle=_obstacle,
    inputs=_inputs,
)
