"""The sections of deploy.yaml: which keys there are, and their defaults."""

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from deployr.fields import (
    ENV_NAME,
    AbsolutePath,
    Branch,
    CommandLine,
    Commands,
    Duration,
    InnerPath,
    Name,
    Page,
    PagePath,
    RepoUrl,
    Small,
    Unit,
)
from deployr.states import Framework, Target

DEFAULT_TIMEOUT_SECONDS = 30 * 60
ECOSYSTEM_FILE = "ecosystem.config.js"
"""What tells pm2 what to run, in `<path>/shared`."""


class Section(BaseModel):
    """Some keys of deploy.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Project(Section):
    """Which app this is."""

    name: Name | None = None
    framework: Framework | None = None
    target: Target = Target.VPS


class Repo(Section):
    """Where its code lives."""

    url: RepoUrl | None = None
    branch: Branch | None = None


class Build(Section):
    """How it is built; `commands` replaces the recipe's own build."""

    commands: Commands | None = None
    env: dict[str, str] = {}
    env_file: bool = True
    """Whether the build gets what the env file on the server sets."""
    output: InnerPath | None = None
    memory: Annotated[int, Field(strict=True, ge=128, le=1024 * 1024)] | None = None
    """MiB that Node.js may use for its heap; None: what the server can spare."""
    cache: bool = True
    """Whether dependencies and build caches of earlier deployments are reused."""

    @field_validator("env")
    @classmethod
    def _names(cls, env: dict[str, str]) -> dict[str, str]:
        for name in env:
            if not ENV_NAME.fullmatch(name) or name.startswith("DEPLOYR_"):
                raise ValueError(f"{name!r} can't be set: use A-Z, 0-9 and _, not DEPLOYR_…")
        return env


class Shared(Section):
    """What survives from release to release, below `<path>/shared`."""

    dirs: tuple[InnerPath, ...] = ()
    files: tuple[InnerPath, ...] = ()

    @field_validator("files")
    @classmethod
    def _not_of_pm2(cls, files: tuple[str, ...]) -> tuple[str, ...]:
        # One that is missing is taken from the repository: commits would say what pm2 runs.
        if any(str(PurePosixPath(file)) == ECOSYSTEM_FILE for file in files):
            raise ValueError(
                f"{ECOSYSTEM_FILE} can't be shared: it tells pm2 what to run, so the owner writes "
                "it on the server"
            )
        return files


class Hook(Section):
    """A command line, and how long it may take; a line alone may take as long as the job."""

    run: CommandLine
    timeout: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _line(cls, value: object) -> object:
        return {"run": value} if isinstance(value, str) else value


class Hooks(Section):
    """Commands around the switch to the new release."""

    before_build: tuple[Hook, ...] = ()
    before_activate: tuple[Hook, ...] = ()
    after_activate: tuple[Hook, ...] = ()
    on_failure: tuple[Hook, ...] = ()


class Restart(Section):
    """A program that must notice the new release: one of systemd, pm2 and supervisor."""

    systemd: Unit | None = None
    pm2: Unit | None = None
    supervisor: Unit | None = None
    reload: bool = False
    """Reload instead of restart, where the program can."""
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] | None = None
    """Local port that must take connections again before the next one is restarted."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(name is not None for name in (self.systemd, self.pm2, self.supervisor)) != 1:
            raise ValueError("must name one of systemd, pm2 and supervisor")
        return self


class HealthCheck(Section):
    """A page that must answer after the switch; else the previous release comes back."""

    url: Page
    status: Annotated[int, Field(strict=True, ge=100, le=599)] = 200
    text: Annotated[str, Field(min_length=1)] | None = None
    attempts: Small = 10
    interval: Duration = 2
    deadline: Duration | None = None
    """Seconds for all attempts together."""


class Deploy(Section):
    """Where and how it goes live."""

    path: AbsolutePath | None = None
    keep_releases: Small = 5
    shared: Shared = Shared()
    hooks: Hooks = Hooks()
    restart: tuple[Restart, ...] = ()
    health_check: HealthCheck | None = None
    timeout: Duration = DEFAULT_TIMEOUT_SECONDS


class Laravel(Section):
    """What only Laravel apps have."""

    maintenance: bool = False
    """Whether visitors see the maintenance page while migrations run."""
    up_check: bool = True
    """Whether `/up` at APP_URL is the health check of an app whose deploy.yaml has none."""


class Nextjs(Section):
    """What only Next.js apps have."""

    keep_assets: Annotated[int, Field(strict=True, ge=0, le=100)] = 3
    """Earlier releases whose hashed files stay reachable, for tabs that are still open."""
    smoke_check: PagePath | Literal[False] = "/"
    """Page that a standalone server must serve on a spare port before the switch."""
