"""Next.js: what is shipped depends on the output mode that the build used."""

import shlex
from pathlib import Path

from deployr.plainfile import read_plain
from deployr.states import Framework

from .recipe import NPM_CI, App, BuildLines, Carried, Recipe, Ship, npm_problems

_STANDALONE = Path(".next/standalone")
_EXPORTED = "_next/static"
_STATIC = ".next/static"
_MARK = b"__NEXT_PRIVATE_STANDALONE_CONFIG"
"""Next.js writes this into the server of a standalone build, and an app into none of its own."""


def is_standalone(release: Path) -> bool:
    """Tell whether `node server.js` starts this release as `output: "standalone"` means it."""
    try:
        return _MARK in read_plain(release / "server.js")
    except OSError:
        return False


def static_directory(release: Path) -> str | None:
    """Return where a release has the files with hashed names that browsers ask for, or None."""
    return next((name for name in (_STATIC, _EXPORTED) if (release / name).is_dir()), None)


def _build(app: App) -> BuildLines:
    return (NPM_CI, "npm run build" if app.has_build_script else "npx next build")


def _ship(app: App) -> Ship:
    if (app.tree / _STANDALONE).is_dir():
        return _standalone(app)
    # Only `output: "export"` leaves this note, also when a directory out/ was there before.
    if (app.tree / ".next/export-detail.json").is_file() and (app.tree / "out").is_dir():
        return Ship(directory="out")
    return Ship(revision_file=True)


def _standalone(app: App) -> Ship:
    """Ship the traced server with the files that Next.js leaves out of it."""
    directory = _server_directory(app.tree)
    quoted = shlex.quote(str(directory))
    prepare = [f"cp -a .next/static {quoted}/.next/"]
    if (app.tree / "public").is_dir():
        prepare.append(f"cp -a public {quoted}/")
    return Ship(directory=str(directory), prepare=tuple(prepare), revision_file=True)


def _server_directory(tree: Path) -> Path:
    """Return where server.js is, relative to the tree.

    A lockfile in a directory above makes Next.js take that for the root of a workspace: then the
    server stands below `.next/standalone` as deep as the tree stands below that root.
    """
    for ancestor in (tree, *tree.parents):
        candidate = _STANDALONE / tree.relative_to(ancestor)
        if (tree / candidate / "server.js").is_file():
            return candidate
    raise ValueError("the build left no server.js below .next/standalone")


RECIPE = Recipe(
    framework=Framework.NEXTJS,
    tools=lambda app: ("node",) if app.own_build else ("node", "npm"),
    problems=npm_problems,
    build=_build,
    ship=_ship,
    # Answers of other servers stay behind: pages must be built from what those say now.
    carried=(Carried(path=".next/cache", omit=("fetch-cache", "images")),),
    env={"NEXT_TELEMETRY_DISABLED": "1"},
    # The build puts it into its pages: a tab of another version loads anew instead of failing.
    version_variable="NEXT_DEPLOYMENT_ID",
)
