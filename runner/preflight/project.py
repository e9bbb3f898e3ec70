"""One project of the owner's list, as far as it can be judged without a job."""

import time
from pathlib import Path

from pydantic import ValidationError

from deployr.detect import detect_framework
from deployr.manifest import Manifest

from .. import environment
from ..accounts import find, name_for
from ..allowlist import Allow
from ..config import Places, load
from ..envfile import read_env_file
from ..errors import ConfigError, JobFailedError
from ..recipes import RECIPES, App, Recipe
from ..releases import Record
from ..shell import Shell, switch_problem
from ..stop import StopFlag
from ..targets.vps import VpsTarget
from ..tools import asker
from ..workspace import Mirror
from ..writable import php_users, strangers
from .app import app_findings, floor_of
from .disk import FLOOR, disk_findings, nearest
from .finding import Finding, problem, warning
from .network import page_findings
from .place import is_closed, shared_findings, stuck_findings

GIT_SECONDS = 20.0
ENV_FILE = ".env"


class ProjectCheck:
    """Judges one entry by what stands on this server and in the repository.

    Its methods return None where there is nothing to judge by.
    """

    def __init__(self, places: Places, entry: Allow) -> None:
        self.entry = entry
        self._places = places
        self._target = VpsTarget(Path(entry.path))
        self._live = self._live_release()

    def repository(self) -> list[Finding]:
        """Say which of the branches can't be read with the runner's own keys."""
        found = []
        for branch in self.entry.branches:
            with StopFlag() as stop:
                stop.limit(GIT_SECONDS, time.monotonic(), f"{self.entry.repo} does not answer")
                mirror = Mirror(
                    repo=self.entry.repo,
                    branch=branch,
                    repos=nearest(self._places.repos),
                    shell=Shell(stop, "doctor"),
                    output=lambda _: None,
                )
                try:
                    mirror.check_remote()
                except JobFailedError as error:
                    found.append(problem(error.detail.strip().replace("\n", " ")))
        return found

    def build_user(self, name: str | None) -> list[Finding]:
        """Say why builds can't run as the user `name`, and so apart from the runner."""
        if name is None:
            return [
                warning(
                    "builds and hooks run as the runner's own user, who can read its token and "
                    "the secrets of all projects: run `install-runner.sh --build-user "
                    "deployr-build` as root, which makes that user and sets build_user"
                )
            ]
        try:
            text = switch_problem(find(name))
        except ConfigError as error:
            text = str(error)
        return [problem(text)] if text else []

    def place(self) -> list[Finding]:
        """Say what is wrong with the deploy root."""
        root = self._target.root
        found = self._target.findings(self.entry)
        if is_closed(root):
            return found
        shared = self._recipe.shared_dirs if self._recipe else ()
        releases = [self._target.release_path(name) for name in self._target.present()]
        if name_for(load(self._places), self.entry):
            return found  # a build user may own what is shared, and removes its releases
        return [
            *found,
            *shared_findings(root / "shared", shared, strangers(php_users())),
            *stuck_findings(releases),
        ]

    def disk(self) -> list[Finding]:
        """Say whether there is no room for one more release."""
        live, recipe = self._live, self._recipe
        floor = (
            floor_of(recipe.framework, recipe.tools(self._app(live))) if live and recipe else FLOOR
        )
        return disk_findings((self._target.root,), [live] if live else [], floor)

    def env_file(self) -> list[Finding] | None:
        """Say what is wrong with the owner's env file, without any value."""
        path = self._places.env_file(self.entry.key, self.entry.environment)
        try:
            if read_env_file(path) is not None:
                return []
        except JobFailedError as error:
            return [problem(error.detail)]
        if path.exists():
            return [problem(f"{path} sets nothing: put the app's secrets there, or remove it")]
        is_needed = self._recipe is not None and ENV_FILE in self._recipe.shared_files
        if not is_needed:
            return None
        if self._target.has_shared(ENV_FILE):
            return []
        shared = self._target.shared_path(ENV_FILE)
        return [problem(f"the app needs its .env: write it to {path} (chmod 600), or to {shared}")]

    def tools(self) -> list[Finding] | None:
        """Judge the tools by what the live release needs."""
        if not self._live or not self._recipe:
            return None
        with StopFlag() as stop:
            ask = asker(Shell(stop, "doctor"), environment.base() | dict(self._recipe.env))
            return app_findings(self._app(self._live), self._recipe, None, ask)

    def page(self) -> list[Finding] | None:
        """Say whether nothing answers where the live release's health is asked for."""
        check = self._manifest.deploy.health_check
        return page_findings(check.url) if check and self._live else None

    def _app(self, live: Path) -> App:
        return App(tree=live, own_build=self._manifest.build.commands is not None)

    def _live_release(self) -> Path | None:
        if is_closed(self._target.root) or not (name := self._target.live_release()):
            return None
        path = self._target.release_path(name)
        return path if path.is_dir() else None

    @property
    def _record(self) -> Record | None:
        return self._target.records().get(self._live.name) if self._live else None

    @property
    def _recipe(self) -> Recipe | None:
        if not self._live:
            return None
        record = self._record
        return RECIPES[(record and record.framework) or detect_framework(self._live)]

    @property
    def _manifest(self) -> Manifest:
        record = self._record
        try:
            return Manifest.model_validate(record.manifest if record else {})
        except ValidationError:  # of a version that had other keys
            return Manifest()
