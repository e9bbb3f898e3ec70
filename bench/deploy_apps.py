"""The two apps of `bench.deploy`: what is deployed, and the commands that belong to it."""

import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deployr.states import Framework, Target
from tools.demo.system import EXAMPLES, DeployrSystem

VERSION_FILE = "VERSION"
"""The one file that changes from deployment to deployment."""

KEEP_RELEASES = 5
STATIC_FILES = 2001
_FILE_BYTES = 4096

_DEPLOY_YAML = """\
project: {name: %s, framework: %s, target: %s}
build: {commands: []}
deploy: {keep_releases: %d, shared: {dirs: [uploads]}}
"""


@dataclass(frozen=True, kw_only=True)
class BenchApp:
    """An app whose dependencies are in git, so that nobody has anything to build."""

    name: str
    write: Callable[[Path], None]
    """Writes the app, but for deploy.yaml and VERSION, into a new directory."""
    shared_dirs: tuple[str, ...] = ("uploads",)
    shared_files: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    """Command lines in the new release, before the switch."""
    after: tuple[str, ...] = ()


def create_project(app: BenchApp, system: DeployrSystem, target: Target = Target.VPS) -> None:
    """Make the app's repository and its origin."""
    source = system.root / "source" / app.name
    app.write(source)
    (source / "deploy.yaml").write_text(_DEPLOY_YAML % (app.name, app.name, target, KEEP_RELEASES))
    (source / VERSION_FILE).write_text("0\n")
    system.create_project(source)
    if app.name == Framework.LARAVEL:
        _commit_vendor(system)


def write_static(directory: Path, files: int = STATIC_FILES) -> None:
    """Write pages of 4 KB in directories of a dozen; with deploy.yaml and VERSION `files`."""
    random_ = random.Random(files)  # the same site in every run
    for number in range(files - 2):
        page = directory / f"section-{number // 156}" / f"topic-{number // 12}" / f"{number}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"{random_.randbytes(_FILE_BYTES // 2).hex()}\n")


def _write_laravel(directory: Path) -> None:
    shutil.copytree(
        EXAMPLES / Framework.LARAVEL, directory, ignore=shutil.ignore_patterns("vendor")
    )


def _commit_vendor(system: DeployrSystem) -> None:
    composer = ("composer", "install", "--no-dev", "--no-interaction", "--optimize-autoloader")
    env = system.env | {"COMPOSER_ALLOW_SUPERUSER": "1"}
    subprocess.run(composer, cwd=system.repo, env=env, check=True, capture_output=True)
    ignored = system.repo / ".gitignore"
    ignored.write_text(ignored.read_text().replace("/vendor\n", ""))
    system.commit("Keep the dependencies in git")


# What Laravel's recipe does too; an engine that does more than this has to be quick about it.
_ARTISAN = (
    "mkdir -p bootstrap/cache storage/app/public storage/logs",
    "mkdir -p storage/framework/cache/data storage/framework/sessions storage/framework/views",
    "rm -f public/storage",
    "php artisan storage:link",
    "php artisan migrate --force",
    "php artisan optimize",
    "php artisan view:cache",
    "php artisan event:cache",
)

APPS = {
    app.name: app
    for app in (
        BenchApp(name="static", write=write_static),
        BenchApp(
            name="laravel",
            write=_write_laravel,
            shared_dirs=("storage", "uploads"),
            shared_files=(".env",),
            before=_ARTISAN,
            after=("php artisan queue:restart",),
        ),
    )
}
