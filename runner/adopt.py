"""What `deployr-runner adopt` would take over, and what speaks against it; changes nothing."""

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from deployr.detect import detect_framework
from deployr.states import Framework

from . import releases
from .errors import RunnerError
from .preflight.place import OWN_NAMES
from .recipes import RECIPES
from .targets.vps import VpsTarget

JOURNAL = ".deployr/adopt.json"
NO_COMMIT = "0" * 40
"""Git's own name for no commit; every release that the backend hears of has one."""


class Takeover(BaseModel):
    """An app that becomes the first release; also the journal of a takeover that has begun."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str
    layout: Literal["current", "root"]
    """Whether the app is in `<path>/current`, a real directory, or in `<path>` itself."""
    framework: Framework
    shared: tuple[str, ...]
    """What moves to `<path>/shared`; those inside others are left out."""

    commit: str = NO_COMMIT

    def app(self, root: Path) -> Path:
        """Return where the app is as long as nothing has changed."""
        return root / "current" if self.layout == "current" else root


def survey(root: Path, shared: Sequence[str] = ()) -> Takeover:
    """Look at a deploy root, which is no link, and return what is to be done, or to be finished.

    `shared` are paths in the app besides those of its recipe. Raises RunnerError with what to do.
    """
    if begun := unfinished(root):
        return begun
    layout = _layout(root)
    app = root / "current" if layout == "current" else root
    framework = detect_framework(app)
    recipe = RECIPES[framework]
    names = _outermost((*recipe.shared_dirs, *recipe.shared_files, *shared))
    found = Takeover(
        release=releases.release_name(datetime.now(UTC), 0),
        layout=layout,
        framework=framework,
        shared=tuple(name for name in names if os.path.lexists(app / name)),
    )
    if missing := [name for name in shared if not os.path.lexists(app / name)]:
        raise RunnerError(
            f"{app} has no {', '.join(missing)}: correct --shared-dir or --shared-file"
        )
    _refuse_obstacles(root, found)
    return found


def unfinished(root: Path) -> Takeover | None:
    """Return a takeover that was killed half-way. Raises RunnerError when its journal is broken."""
    try:
        return Takeover.model_validate_json((root / JOURNAL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise RunnerError(f"{root / JOURNAL} can't be read: {error}") from None


def skeleton_of(root: Path) -> Path:
    """Return where the new deploy root is put together, until it changes places with the app."""
    return root.with_name(f".{root.name}.deployr-adopt")


def known_commit(app: Path) -> str | None:
    """Return the commit that a file REVISION names, as Capistrano and Deployr write it."""
    try:
        text = (app / "REVISION").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return text if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text) else None


def _layout(root: Path) -> Literal["current", "root"]:
    current = root / "current"
    if current.is_symlink():
        if releases.is_adopted(release := current.readlink().name):
            raise RunnerError(f"{root} was adopted already ({release})")
        raise RunnerError(f"{current} is a link already: there is nothing to take over")
    if current.is_dir():
        return "current"
    if os.path.lexists(current):
        raise RunnerError(f"{current} is a file: move it away")
    if not root.is_dir() or all(path.name in OWN_NAMES for path in root.iterdir()):
        raise RunnerError(f"there is no app in {root}: the first deployment makes all it needs")
    return "root"


def _outermost(names: Sequence[str]) -> list[str]:
    """Leave out what is inside others: it moves along with those."""
    paths = [Path(name) for name in dict.fromkeys(names)]
    if wrong := [str(path) for path in paths if path.is_absolute() or ".." in path.parts]:
        raise RunnerError(f"{wrong[0]} is no path inside the app")
    return [str(path) for path in paths if not any(other in path.parents for other in paths)]


def _refuse_obstacles(root: Path, found: Takeover) -> None:
    """Raise RunnerError for what would make the takeover fail or lose something."""
    for place in (root, *([root.parent] if found.layout == "root" else [])):
        if not os.access(place, os.W_OK | os.X_OK):
            raise RunnerError(f"names in {place} can't be changed by this user: use sudo")
    _refuse_shared(root, found)
    if found.layout == "root":
        _refuse_names(root, found.shared)
    if mounts := _mounts(root, found.layout):
        raise RunnerError(
            f"{mounts[0]} is a mount point and can't be moved: unmount it, adopt, and mount it "
            "below shared/"
        )
    if (root / ".deployr/lock").exists():
        target = VpsTarget(root)
        if not target.lock():
            raise RunnerError(f"a deployment is working in {root}; try again when it is done")
        target.unlock()


def _refuse_shared(root: Path, found: Takeover) -> None:
    """Refuse what can't be moved to the shared directory as it is."""
    app = found.app(root)
    for name in found.shared:
        if (app / name).is_symlink():
            goal = (app / name).resolve()
            raise RunnerError(
                f"{app / name} is a link to {goal}: move what it points to there (mv -T {goal} "
                f"{app / name}, after rm {app / name})"
            )
        if (root / "shared" / name).exists():
            raise RunnerError(f"{app / name} and {root / 'shared' / name} both exist: remove one")


def _refuse_names(root: Path, shared: Sequence[str]) -> None:
    """Refuse an app that itself has what a deploy root is made of."""
    if (root / "releases").is_dir() and any((root / "releases").iterdir()):
        raise RunnerError(f"{root}/releases has something in it: move it away")
    known = {Path(name).parts[0] for name in (*shared, ".env", "storage")}
    there = root / "shared"
    entries = there.iterdir() if there.is_dir() else ()
    others = [entry for entry in entries if entry.name not in known]
    if others or there.is_symlink():
        raise RunnerError(
            f"{[*others, there][0]} would not be found any more: Deployr needs the name {there} for itself"
        )


def _mounts(root: Path, layout: str) -> list[Path]:
    """Return the mount points that would have to move."""
    lines = os.fsdecode(Path("/proc/self/mountinfo").read_bytes()).splitlines()
    points = [Path(_unescaped(line.split()[4])) for line in lines]
    top = root / "current" if layout == "current" else root
    return [point for point in points if point.is_relative_to(top)]


def _unescaped(text: str) -> str:
    """Return a path as the kernel meant it: it writes spaces and the like as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
