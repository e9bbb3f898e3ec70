"""vendor as `composer install` makes it."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from deployr.plainfile import read_plain

from .copying import Links, Shape
from .keys import content, tree_content
from .listing import list_directory
from .manager import Manager, Read

_LOCK = "composer.lock"
_JSON = "composer.json"
_PHP = (
    "php -r '$all = get_loaded_extensions(); sort($all); echo PHP_VERSION, PHP_OS; "
    'foreach ($all as $one) echo " ", $one, phpversion($one);\''
)


def _obstacle(tree: Path) -> str | None:
    if not (tree / _LOCK).is_file():
        return f"there is no {_LOCK}"
    config = _load(tree / _JSON).get("config")
    if isinstance(config, dict) and "vendor-dir" in config:
        return f"{_JSON} names another directory"
    return None


def _inputs(tree: Path, read: Read) -> Iterable[bytes]:
    return (
        read(_PHP),
        content(tree / _JSON),
        content(tree / _LOCK),
        *_local_packages(tree),
    )


def _local_packages(tree: Path) -> Iterator[bytes]:
    """Return what stands for the packages that are copied from directories."""
    lock = _load(tree / _LOCK)
    for package in (*lock.get("packages", ()), *lock.get("packages-dev", ())):
        dist = package.get("dist") or {}
        if dist.get("type") == "path":
            place = (tree / str(dist["url"])).resolve()
            if place.is_relative_to(tree.resolve()):
                yield tree_content(place)
            else:
                yield list_directory(place).digest.encode()


def _load(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises OSError, ValueError."""
    loaded = json.loads(read_plain(path))
    if not isinstance(loaded, dict):
        raise ValueError(f"{path.name} is no JSON object")  # noqa: TRY004 - as for other bad JSON
    return loaded


MANAGER = Manager(
    directory="vendor",
    # Composer writes to its own files in place: linked ones would change in older releases too.
    shape=Shape(links=Links.ALWAYS, own=("composer", "bin")),
    # It verifies what is there, maps the classes of the app, and runs the app's scripts.
    must_finish=True,
    obstacle=_obstacle,
    inputs=_inputs,
)
