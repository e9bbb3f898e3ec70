"""What an app on the server has besides its repository: the next release will not have it."""

import os
import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePath

from deployr.states import Framework

from . import environment
from .adopt import Takeover
from .preflight.place import OWN_NAMES
from .recipes import RECIPES
from .shell import Command, CommandFailedError, Shell
from .stop import StopFlag

_MAX_NAMED = 8
_EVERYWHERE = frozenset({".git", "REVISION", "lost+found"})
_MADE_ANEW = {
    Framework.LARAVEL: frozenset(
        {"vendor", "node_modules", "bootstrap/cache", "public/storage", "public/build"}
    ),
    Framework.NEXTJS: frozenset({"node_modules", ".next", "next-env.d.ts"}),
    Framework.STATIC: frozenset[str](),
}
"""What each deployment makes itself."""
_PLACEHOLDERS = frozenset({".gitkeep", ".gitignore", ".keep"})


def tracked_files(app: Path, mirror: Path) -> frozenset[str] | None:
    """Return what the app's repository has, or None when neither it nor the kept mirror is here."""
    newest = ("for-each-ref", "--sort=-committerdate", "--count=1", "--format=%(objectname)")
    head = ("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    for repository, words in ((app / ".git", head), (mirror, (*newest, "refs/heads"))):
        if commit := git(repository, *words):
            # Not the index: only what is committed is deployed.
            names = ("ls-tree", "-r", "-z", "--full-tree", "--name-only", commit)
            if listing := git(repository, *names):
                return frozenset(listing.split("\0")) - {""}
    return None


def leftovers(app: Path, what: Takeover, tracked: Collection[str] | None) -> list[str]:
    """Return the files and directories that are neither in the repository nor shared.

    Directories stand for all in them. With nothing known of the repository: only env files.
    """
    if tracked is None:
        found = [path.name for path in app.glob(".env*") if not _is_example(path.name)]
        return sorted(name for name in found if name not in what.shared)
    own = OWN_NAMES if what.layout == "root" else frozenset[str]()
    settled = {*tracked, *what.shared, *_EVERYWHERE, *_MADE_ANEW[what.framework], *own}
    real = [name for name in tracked if PurePath(name).name not in _PLACEHOLDERS]
    inner = {str(parent) for name in (*real, *what.shared) for parent in PurePath(name).parents}
    return list(_unsettled(app, app, settled, inner))


def leftover_lines(app: Path, names: Sequence[str], *, known: bool) -> list[str]:
    """Say what would be missing in the next release, and how it is kept."""
    lines = []
    if names:
        options = [
            f"--shared-{'dir' if (app / name).is_dir() else 'file'} {shlex.quote(name)}"
            for name in names[:_MAX_NAMED]
        ]
        more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        lines.append(
            f"not in the repository and not shared: {', '.join(names[:_MAX_NAMED])}{more}. "
            "The next deployment will not have them, unless its build makes them."
        )
        lines.append(f"  Keep them: {' '.join(options)}")
    if not known:
        lines.append(
            f"What else is missing in the repository can't be told: {app} has no .git, and none of "
            "its commits was fetched yet. Name uploads by --shared-dir."
        )
    return lines


def shared_section(root: Path, what: Takeover) -> list[str]:
    """Return what deploy.yaml must say so that the next release has what was made shared."""
    recipe = RECIPES[what.framework]
    own = {*recipe.shared_dirs, *recipe.shared_files}
    names = [name for name in what.shared if name not in own]
    dirs = [name for name in names if (root / "shared" / name).is_dir()]
    kinds = {"dirs": dirs, "files": [name for name in names if name not in dirs]}
    said = [f"{kind}: [{', '.join(each)}]" for kind, each in kinds.items() if each]
    if not said:
        return []
    return [
        "Add to deploy.yaml before the next push: " + f"deploy: {{shared: {{{', '.join(said)}}}}}"
    ]


def git(repository: Path, *words: str) -> str:
    """Return what git says of a repository, or nothing when it can't be read."""
    # Named by --git-dir it may belong to another user: nothing but objects and refs is read.
    argv = ("git", f"--git-dir={repository}", *words)
    # Its owner's settings must not make root fetch what is missing by a command of theirs.
    env = {**environment.for_git(), "GIT_ALLOW_PROTOCOL": "none"}
    with StopFlag() as stop:
        try:
            said = Shell(stop, "adopt").read(Command(argv=argv, cwd=Path("/"), env=env))
        except CommandFailedError:
            return ""
    return said.decode("utf-8", "surrogateescape").strip("\n")


def _unsettled(
    app: Path, place: Path, settled: Collection[str], inner: Collection[str]
) -> Iterator[str]:
    for entry in sorted(place.iterdir()) if os.access(place, os.R_OK | os.X_OK) else ():
        name = str(entry.relative_to(app))
        if name in settled or entry.name in _PLACEHOLDERS:
            continue
        if not entry.is_dir() or entry.is_symlink():
            yield name
        elif name in inner:
            yield from _unsettled(app, entry, settled, inner)
        elif any(set(files) - _PLACEHOLDERS for _, _, files in os.walk(entry)):
            yield name


def _is_example(name: str) -> bool:
    return name.endswith((".example", ".sample", ".dist"))
