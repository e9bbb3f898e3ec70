"""The deploy root on this server: may we write there, and what does `current` look like."""

import os
import pwd
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ..writable import User
from .disk import nearest
from .finding import Finding, problem, warning

OWN_NAMES = frozenset({"releases", "shared", ".deployr", "current"})
_MAX_NAMED = 3
_APP_FILES = ("index.html", "index.htm", "index.php", "artisan", "package.json")


def place_findings(root: Path, adopt: str) -> list[Finding]:
    """Judge a deploy root; `adopt` is the command that takes over what another tool left there."""
    if is_closed(root) or not root.is_dir():
        return write_findings(root)
    found = [
        finding
        for name in ("", "releases", "shared", ".deployr")
        for finding in write_findings(root / name)
    ]
    return [*dict.fromkeys(found), *_current(root, adopt), *_foreign_app(root, adopt)]


def is_closed(root: Path) -> bool:
    """Tell whether this user may not even look into a deploy root."""
    near = nearest(root)
    return not near.is_dir() or not os.access(near, os.R_OK | os.X_OK)


def write_findings(directory: Path) -> list[Finding]:
    """Say why a directory can't be written, or made."""
    place = nearest(directory)
    if not place.is_dir():
        return [problem(f"{place} is no directory: move it away")]
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        return [problem(f"{place} is on a file system that is mounted read-only: mount it anew")]
    if os.access(place, os.W_OK | os.X_OK):
        return []
    user = _name(os.geteuid())
    if place == directory:
        return [problem(f"{place} can't be written by {user}: sudo chown {user} {place}")]
    return [problem(f"{directory} can't be made by {user}: sudo install -d -o {user} {directory}")]


def shared_findings(shared: Path, names: Iterable[str], php: Collection[User]) -> list[Finding]:
    """Say which shared directories, and those two levels below, the app could not write.

    What one of the users `php` made there, the app runs as: it writes there itself.
    """
    user = _name(os.geteuid())
    apart = {other.uid for other in php}
    found = []
    for name in names:
        if not (shared / name).is_dir():
            continue
        stuck = [
            place
            for place in _below(shared / name, 2)
            if not os.access(place, os.W_OK) and place.stat().st_uid not in apart
        ]
        if stuck:
            found.append(
                problem(
                    f"{_first(stuck)} can't be written by {user}, as the app must: "
                    f"sudo chown -R {user} {shared / name}"
                )
            )
    return found


def lost_findings(live: Path, shared: Path, names: Collection[str]) -> list[Finding]:
    """Say which links of the live release to what is shared the new one, with `names`, lacks."""
    lost = [
        name
        for name in _linked(live, shared, Path())
        if not any(name.is_relative_to(other) for other in names)
    ]
    if not lost:
        return []
    return [
        warning(
            f"the live release shares {_first(lost)}, which this deployment will not have: add it "
            "to deploy.shared (dirs, files) in deploy.yaml"
        )
    ]


def stuck_findings(releases: Iterable[Path]) -> list[Finding]:
    """Say which of the `releases` can't be removed, since others own what is in them."""
    if os.geteuid() == 0:
        return []
    user = _name(os.geteuid())
    return [
        warning(
            f"{_first(stuck)} belongs to {_name(stuck[0].stat().st_uid)}, so this old release "
            f"can't be removed: sudo chown -R {user} {release}"
        )
        for release in releases
        if (stuck := [place for place in _below(release) if _holds_fast(place)])
    ]


def _current(root: Path, adopt: str) -> list[Finding]:
    current = root / "current"
    if not current.is_symlink():
        if current.is_dir():
            said = f"{current} is a directory and not a link to a release"
            return [problem(f"{said}: `{adopt}` takes it over, and the site goes on meanwhile")]
        if current.exists():
            return [problem(f"{current} is a file: move it away")]
        return []
    goal = current.resolve()
    if not goal.exists():
        return [warning(f"{current} points to {goal}, which is gone: it is replaced")]
    if not goal.is_relative_to((root / "releases").resolve()):
        return [
            warning(
                f"{current} points to {goal}, outside of {root}/releases: the link is replaced, and "
                "what it points to stays"
            )
        ]
    return []


def _foreign_app(root: Path, adopt: str) -> list[Finding]:
    """Refuse an app that lives in the deploy root itself, and warn of other files."""
    if os.path.lexists(root / "current") or not root.is_dir():
        return []
    others = sorted(path for path in root.iterdir() if path.name not in OWN_NAMES)
    if not others:
        return []
    if apps := [path for path in others if _is_app(path)]:
        return [
            problem(
                f"{root} holds an app of its own ({_first(apps)}): run `{adopt}` first, or move it "
                "away"
            )
        ]
    return [
        warning(
            f"{root} holds files of another deployment ({_first(others)}), which stay as they are: "
            f"if they are the app, `{adopt}` takes them over"
        )
    ]


def _is_app(path: Path) -> bool:
    """Tell a part of an app from what hosts and web servers keep in a document root."""
    if path.name == "public":
        return path.is_dir() and os.access(path, os.R_OK) and any(path.iterdir())
    return path.name in _APP_FILES and path.is_file()


def _linked(live: Path, shared: Path, inside: Path) -> Iterator[Path]:
    """Yield the paths in a release that are links to the same path in the shared directory."""
    place = shared / inside
    if not os.access(place, os.R_OK | os.X_OK) or not (live / inside).is_dir():
        return
    for entry in sorted(place.iterdir()):
        own = live / inside / entry.name
        if own.is_symlink():
            if own.resolve() == entry.resolve():
                yield inside / entry.name
        elif entry.is_dir():
            yield from _linked(live, shared, inside / entry.name)


def _below(top: Path, levels: int | None = None) -> Iterator[Path]:
    """Yield a directory and those in it, links not followed."""
    yield top
    for place, directories, _ in os.walk(top):
        paths = [Path(place, name) for name in directories]
        # Not from the walk itself: it passes over those that can't be read.
        yield from (path for path in paths if not path.is_symlink())
        if levels is not None and len(Path(place).relative_to(top).parts) >= levels - 1:
            directories.clear()


def _holds_fast(place: Path) -> bool:
    """Tell whether this user can't empty a directory."""
    return not os.access(place, os.R_OK | os.W_OK | os.X_OK)


def _first(paths: list[Path]) -> str:
    named = ", ".join(str(path) for path in paths[:_MAX_NAMED])
    return named + (f" and {len(paths) - _MAX_NAMED} more" if len(paths) > _MAX_NAMED else "")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
