"""The runner's own configuration: where its backend is and what its owner allows."""

import os
import tomllib
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deployr.fields import Name, Unit

from .allowlist import Allow, User, check_conflicts, merged
from .errors import ConfigError
from .files import make_private_dir, read_private, write_atomically, write_durably

CONFIG_FILE = "runner.toml"
INSTANCE_FILE = "instance-id"
TOKEN_FILE = "token"  # noqa: S105 - a file name
DEFAULT_STOP_SECONDS = 600.0
DEFAULT_CACHE_MIB = 5 * 1024
MAX_CAPACITY = 16
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class RunnerConfig(BaseModel):
    """All of runner.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    name: str
    labels: tuple[Name, ...] = ()
    capacity: Annotated[int, Field(ge=1, le=MAX_CAPACITY)] = 1
    """Jobs at once, each of another project or environment."""
    stop_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = DEFAULT_STOP_SECONDS
    """How long running jobs may go on once the runner was asked to stop."""
    cache_mib: Annotated[int, Field(ge=0)] = DEFAULT_CACHE_MIB
    """How much may be kept of what builds leave; 0: nothing."""
    build_user: User | None = None
    """Who builds and runs hooks; None: the runner's own user."""
    restart: tuple[Unit, ...] = ()
    """What a runner that is root may restart by systemd; that of others is up to sudo."""
    allow: tuple[Allow, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Places:
    """Directories of one runner: what its owner wrote, and what it may lose."""

    config: Path
    state: Path

    @classmethod
    def default(cls) -> "Places":
        """Return the system's directories for root, else those of the user."""
        if os.geteuid() == 0:
            return cls(config=Path("/etc/deployr"), state=Path("/var/lib/deployr"))
        home = Path.home()
        return cls(
            config=home / ".config" / "deployr-runner",
            state=home / ".local" / "state" / "deployr-runner",
        )

    def moved(self, config: str | None, state: str | None) -> "Places":
        """Return these places with those replaced that were named."""
        return replace(
            self,
            config=Path(config).absolute() if config else self.config,
            state=Path(state).absolute() if state else self.state,
        )

    @property
    def work(self) -> Path:
        """Where apps are built."""
        return self.state / "work"

    @property
    def repos(self) -> Path:
        """Where mirrors of repositories are kept."""
        return self.state / "repos"

    @property
    def caches(self) -> Path:
        """Where dependencies and build caches are kept."""
        return self.state / "caches"

    @property
    def hosts(self) -> Path:
        """Where what is known of hosts is kept."""
        return self.state / "hosts"

    def env_file(self, project: str, environment: str) -> Path:
        """Where the owner puts the secrets of one project, by its key, and environment."""
        return self.config / "env" / project / f"{environment}.env"


def load(places: Places) -> RunnerConfig:
    """Read runner.toml. Raises ConfigError, also when the runner was never registered."""
    path = places.config / CONFIG_FILE
    text = read_private(path)
    if text is None:
        raise ConfigError(
            f"{path} is missing; run `deployr-runner register` first, or name its place: "
            "deployr-runner --config-dir DIR …"
        )
    try:
        config = RunnerConfig.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_problem(error)}") from None
    check_url(config.url)
    for index, entry in enumerate(config.allow):
        check_conflicts(config.allow[:index], entry)
    return config


def load_token(places: Places) -> str:
    """Return the runner's token. Raises ConfigError."""
    token = read_private(places.config / TOKEN_FILE)
    if not token or not token.strip():
        raise ConfigError(
            f"{places.config / TOKEN_FILE} is missing; run `deployr-runner register` first"
        )
    return token.strip()


def save(places: Places, config: RunnerConfig) -> None:
    """Write runner.toml."""
    make_private_dir(places.config)
    plain = config.model_dump(mode="json", exclude_defaults=True)
    write_atomically(places.config / CONFIG_FILE, tomli_w.dumps(plain))


def save_token(places: Places, token: str) -> None:
    """Write the runner's token where only its own user can read it."""
    make_private_dir(places.config)
    write_durably(places.config / TOKEN_FILE, token + "\n")


def instance_id(places: Places) -> str:
    """Return what names this installation, so that a lost answer to `register` can be repeated."""
    path = places.config / INSTANCE_FILE
    known = read_private(path)
    if known is None:
        known = str(uuid.uuid4())
        make_private_dir(places.config)
        write_atomically(path, known)
    return known


def check_url(url: str) -> None:
    """Raise ConfigError unless the token may be sent to `url`: by https, or inside this machine."""
    if not _is_safe(url):
        raise ConfigError(f"the backend's URL must start with https:// (got {url!r})")


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return bool(parts.hostname) and not parts.username and (parts.scheme == "https" or plain)


def make_config(**fields: Any) -> RunnerConfig:  # noqa: ANN401 - checked here
    """Return a configuration. Raises ConfigError that names the wrong field."""
    try:
        return RunnerConfig(**fields)
    except ValidationError as error:
        raise ConfigError(_first_problem(error)) from None


def make_allow(**fields: Any) -> Allow:  # noqa: ANN401 - checked here
    """Return an entry of the allow list. Raises ConfigError that names the wrong field."""
    try:
        return Allow(**fields)
    except ValidationError as error:
        raise ConfigError(_first_problem(error)) from None


def with_allowed(config: RunnerConfig, entry: Allow) -> RunnerConfig:
    """Return `config` with `entry` merged into its list. Raises ConfigError."""
    return config.model_copy(update={"allow": merged(config.allow, entry)})


def _first_problem(error: ValidationError) -> str:
    details = error.errors()[0]
    where = ".".join(str(part) for part in details["loc"])
    said: str = details["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said
