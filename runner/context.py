"""What the steps of one deployment work with, and what they found out so far."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployr.manifest import Manifest
from deployr.sections import Hook
from deployr.states import Framework
from deployr.wire import JobSpec, Release, Step

from . import environment, memory
from .accounts import Account
from .allowlist import Allow
from .caches import Store
from .config import DEFAULT_CACHE_MIB
from .envfile import environment_of
from .lifeline import Lifeline
from .logstream import JobLog
from .recipes import RECIPES, App, Recipe
from .releases import Record, State, utc_now
from .shell import Command, Shell
from .stop import StopFlag
from .targets import Commander, Target
from .workspace import Mirror


@dataclass(frozen=True, kw_only=True)
class Task:
    """A job that the owner's policy allows, and what its owner gave for it."""

    job_id: int
    spec: JobSpec
    entry: Allow
    env_file: Path
    """Where the owner's env file is, or would be."""
    env_text: str | None = None
    """What it holds, or None when it is missing or sets nothing."""
    account: Account | None = None
    """The user that builds and runs hooks, if it is not the runner's own."""
    may_restart: tuple[str, ...] | None = None
    """The only systemd units that it may restart; None: sudo decides."""
    cache_mib: int = DEFAULT_CACHE_MIB
    """How much of what builds leave may be kept on this server."""

    @property
    def root(self) -> Path:
        """The deploy root."""
        return Path(self.entry.path)


@dataclass(kw_only=True)
class Context:
    """Services, the facts of the job, and results that later steps need."""

    task: Task
    work: Path
    """A directory of this job alone."""
    started: float
    """Monotonic time at which the job began."""
    log: JobLog
    lifeline: Lifeline
    stop: StopFlag
    shell: Shell
    undo_stop: StopFlag
    undo_shell: Shell
    """For what must be done although the job was stopped."""
    target: Target
    mirror: Mirror
    caches: Store

    commit: str = ""
    manifest: Manifest = field(default_factory=Manifest)
    recipe: Recipe = RECIPES[Framework.STATIC]
    release: str = ""
    built: Path = Path()
    """Where the files of the release can be looked at on this machine."""
    release_state: State = "building"
    goal: Record | None = None
    """Of a rollback: the release that is to come back."""
    before: str = ""
    """Name of the release that was live until the switch."""
    migrations: list[str] = field(default_factory=list)
    """Names of the database migrations that this job ran."""
    timings: list[Step] = field(default_factory=list)

    @property
    def tree(self) -> Path:
        """The checkout."""
        return self.work / "tree"

    @property
    def app(self) -> App:
        """The checkout as recipes see it."""
        return App(tree=self.tree, own_build=self.manifest.build.commands is not None)

    def run_lines(
        self,
        lines: Iterable[str | Hook],
        cwd: Path,
        *,
        release: Path | None = None,
        shell: Shell | None = None,
        tee: Callable[[bytes], object] = lambda _: None,
        build: bool = False,
    ) -> None:
        """Run command lines one after the other, showing each and its output in the log.

        Once the release is live they may start what is to stay: it does not carry the job's mark.
        They are told of `release`, by default the new one once it exists; `tee` gets their output
        too; `build` commands get the env file only if deploy.yaml lets them.

        Raises CommandFailedError for the first that fails, and JobFailedError when stopped.
        """
        if release is None and self.release:
            release = self.target.release_path(self.release)

        def sink(chunk: bytes) -> None:
            self.log.output(chunk)
            tee(chunk)

        for hook in (Hook(run=each) if isinstance(each, str) else each for each in lines):
            self.log.line(f"$ {hook.run}")
            command = Command.line(hook.run, cwd, self.env(release, build=build))
            try:
                self._commander(cwd, shell or self.shell).run(
                    command, sink, marked=not self.was_live, seconds=hook.timeout
                )
            finally:
                self.log.end_output()

    def _commander(self, cwd: Path, shell: Shell) -> Commander:
        """Builds run on this machine, and the rest where the releases are."""
        return shell if cwd.is_relative_to(self.work) else self.target.commander(shell)

    @property
    def was_live(self) -> bool:
        """Whether the switch was made, be it taken back or not."""
        return self.release_state != "building"

    @property
    def made(self) -> Release:
        """The release, once its name and commit are known."""
        return Release(
            name=self.release,
            commit=self.commit,
            state=self.release_state,
            migrations=len(self.migrations),
        )

    def note(self, state: State) -> None:
        """Record what became of the release."""
        self.target.record(self._record(state))
        self.release_state = state

    def note_migrations(self) -> None:
        """Record that a release which never went live has changed the database all the same."""
        if self.migrations:
            self.target.record(self._record("bad"))

    def _record(self, state: State) -> Record:
        # A rollback leaves the history of the release that it goes back to as it is.
        if known := self.goal:
            return known.model_copy(update={"state": state, "at": utc_now()})
        return Record(
            release=self.release,
            state=state,
            job=self.task.job_id,
            commit=self.commit,
            branch=self.task.spec.branch,
            at=utc_now(),
            framework=self.recipe.framework,
            steps=tuple(self.timings),
            migrations=tuple(self.migrations),
            before=self.before,
            manifest=self.manifest.model_dump(mode="json", exclude_defaults=True),
        )

    def env(self, release: Path | None, *, build: bool = False) -> Mapping[str, str]:
        """Return the environment of the app's commands, told of `release` if there is one.

        Of `build` commands without the env file, if deploy.yaml says so.
        """
        facts = {
            "DEPLOYR_PROJECT": self.task.spec.project,
            "DEPLOYR_ENVIRONMENT": self.task.spec.environment,
            "DEPLOYR_BRANCH": self.task.spec.branch,
            "DEPLOYR_COMMIT": self.commit,
            "DEPLOYR_JOB": str(self.task.job_id),
            "DEPLOYR_PATH": self.task.entry.path,
        }
        if release is not None:
            facts["DEPLOYR_RELEASE"] = str(release)
        recipe = {**memory.node_options(self.manifest.build.memory), **self.recipe.env}
        if self.recipe.version_variable:
            recipe[self.recipe.version_variable] = self.commit
        has_file = self.manifest.build.env_file or not build
        given = environment_of(self.task.env_text or "") if has_file else {}
        return environment.for_app(recipe, given, self.manifest.build.env, facts)
