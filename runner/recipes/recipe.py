"""What a framework needs to be deployed, as data: nothing here runs a command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from deployr.detect import package_json
from deployr.sections import HealthCheck, Hook
from deployr.states import Framework

Lines = tuple[str, ...]
"""Command lines for `sh -euc`."""

Commands = tuple[str | Hook, ...]
"""The same, some of them from deploy.yaml with a timeout."""


@dataclass(frozen=True)
class Install:
    """A command line that fetches dependencies, unless an earlier deployment left the same."""

    run: str
    manager: Literal["npm", "composer"]


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A directory of the tree that a build leaves to the next one, to be faster."""

    path: str
    omit: Lines = ()
    """Names in it that stay behind."""


BuildLines = tuple[str | Install, ...]
BuildCommands = tuple[str | Hook | Install, ...]

# NODE_ENV=production of an env file would leave out what the build needs.
NPM_CI = Install("npm ci --include=dev", "npm")


@dataclass(frozen=True, kw_only=True)
class App:
    """A checkout as a recipe sees it."""

    tree: Path
    own_build: bool = False
    """Whether deploy.yaml has its own build.commands."""

    @property
    def package(self) -> dict[str, Any]:
        """The app's package.json; empty without one."""
        return package_json(self.tree)

    @property
    def has_build_script(self) -> bool:
        """Whether `npm run build` exists."""
        scripts = self.package.get("scripts")
        return isinstance(scripts, dict) and bool(scripts.get("build"))

    @property
    def has_npm_lock(self) -> bool:
        """Whether `npm ci` can work."""
        return any((self.tree / name).is_file() for name in _NPM_LOCKS)


@dataclass(frozen=True, kw_only=True)
class Ship:
    """What of the built tree becomes the release."""

    directory: str = "."
    prepare: Lines = ()
    """Run in the tree, after the build."""
    revision_file: bool = False
    """Whether a file REVISION with the commit is added; not where all files are public."""


@dataclass(frozen=True, kw_only=True)
class Maintenance:
    """Command lines, for a live release, that take the site down and bring it up again."""

    down: str
    up: str


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How apps of one framework are built, shipped and brought to life."""

    framework: Framework
    tools: Callable[[App], Lines]
    """Programs that must be on PATH."""
    problems: Callable[[App], Lines]
    """Sentences about what is missing in the checkout."""
    build: Callable[[App], BuildLines]
    """Run in the checkout, unless the app has its own build."""
    ship: Callable[[App], Ship]
    """Raises ValueError, with a sentence, when the build did not make what it should."""
    carried: tuple[Carried, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    public: str = ""
    """Directory of a release that visitors get; all of it by default."""
    version_variable: str | None = None
    """Environment variable by which the app takes the commit for the name of its version."""
    shared_dirs: tuple[str, ...] = ()
    shared_files: tuple[str, ...] = ()
    writable: Lines = ()
    """Directories in a release, or shared, in which the web server's user writes too."""
    before_activate: Lines = ()
    migrates: bool = False
    """Whether releases change their database with `php artisan migrate`."""
    maintenance: Maintenance | None = None
    after_activate: Lines = ()
    health: Callable[[Path, Mapping[str, str]], HealthCheck | None] | None = None
    """The check of a release, with the values of its .env, whose deploy.yaml has none."""
    before_return: Lines = ()
    """Run in an older release before a rollback makes it live again."""


_NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")

NO_NPM_LOCK = (
    "package-lock.json is missing: commit the one that `npm install` writes, "
    "or set build.commands in deploy.yaml"
)


def npm_problems(app: App) -> Lines:
    """Say what keeps `npm ci` from working."""
    return () if app.own_build or app.has_npm_lock else (NO_NPM_LOCK,)
