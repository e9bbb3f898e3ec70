"""Framework detection from the files of a checkout; used by `deployr init` and by the runner."""

import json
from pathlib import Path
from typing import Any

from deployr.plainfile import read_plain
from deployr.states import Framework

RECOGNISED_BY = ("artisan", "composer.json", "package.json")
"""The files that `detect_framework` looks at."""


def detect_framework(tree: Path) -> Framework:
    """Return the framework of the app in `tree`.

    Laravel has `artisan` and a composer.json, Next.js has `next` among the dependencies of its
    package.json; everything else is static.
    """
    if (tree / "artisan").is_file() and (tree / "composer.json").is_file():
        return Framework.LARAVEL
    if "next" in node_dependencies(tree):
        return Framework.NEXTJS
    return Framework.STATIC


def node_dependencies(tree: Path) -> dict[str, str]:
    """Return the (dev) dependencies of package.json; empty when it is missing or unreadable."""
    package = package_json(tree)
    found: dict[str, str] = {}
    for group in ("devDependencies", "dependencies"):
        entries = package.get(group)
        if isinstance(entries, dict):
            found.update({str(name): str(version) for name, version in entries.items()})
    return found


def package_json(tree: Path) -> dict[str, Any]:
    """Return the parsed package.json of `tree`, or an empty dict."""
    try:
        loaded = json.loads(read_plain(tree / "package.json"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
