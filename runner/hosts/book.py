"""The hosts that the runner's owner registered: where they are, who we are there, which key is theirs.

What proves us (a password, the path of a key) is in this file alone, never at the backend.
"""

import hashlib
import tomllib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from deployr.fields import Name

from ..allowlist import Allow
from ..config import Places, RunnerConfig
from ..errors import ConfigError
from ..files import make_private_dir, read_private, write_durably

HOSTS_FILE = "hosts.toml"
DEFAULT_PORT = 22

_HostAddress = Annotated[str, Field(pattern=r"^[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}$")]
_Login = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}$")]
_HostKey = Annotated[str, Field(pattern=r"^[a-z0-9@.-]+ [A-Za-z0-9+/=]+$")]


class Hop(BaseModel):
    """An SSH server, and who we are there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: _HostAddress
    port: Annotated[int, Field(ge=1, le=65535)] = DEFAULT_PORT
    user: _Login
    host_key: _HostKey | None = None
    """Its public key as OpenSSH writes it: type and base64; None: nobody has looked at it yet."""

    @property
    def address(self) -> str:
        """What people read."""
        return f"{self.user}@{self.host}:{self.port}"


class HostEntry(Hop):
    """One registered host; `jump` are the servers on the way to it, nearest first.

    What proves us is one of `key`, `agent` and `password`; it is used at each hop.
    """

    name: Name
    key: str | None = None
    """Absolute path of a private key without a passphrase."""
    agent: Literal[True] | None = None
    password: str | None = Field(default=None, min_length=1, repr=False)
    jump: tuple[Hop, ...] = ()

    @model_validator(mode="after")
    def _proves_us_once(self) -> Self:
        if sum(each is not None for each in (self.key, self.agent, self.password)) != 1:
            raise ValueError("name one of key, agent and password")
        return self

    @property
    def hops(self) -> tuple[Hop, ...]:
        """All servers from the nearest one to the host itself."""
        return (*self.jump, self)

    @property
    def login(self) -> Literal["key", "agent", "password"]:
        """What proves us."""
        return "key" if self.key else "agent" if self.agent else "password"


class _Book(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: tuple[HostEntry, ...] = ()


def load_hosts(places: Places) -> tuple[HostEntry, ...]:
    """Read hosts.toml; none when it is missing. Raises ConfigError."""
    path = places.config / HOSTS_FILE
    text = read_private(path)
    try:
        found = _Book.model_validate(tomllib.loads(text or "")).host
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {problem(error)}") from None
    names = [each.name for each in found]
    if double := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"{path} has two hosts of the name {double}")
    return found


def host_named(places: Places, name: str) -> HostEntry:
    """Return the host of that name. Raises ConfigError."""
    known = load_hosts(places)
    for each in known:
        if each.name == name:
            return each
    listed = ", ".join(each.name for each in known) or "none yet"
    raise ConfigError(
        f"{name} is no host of this runner, which has: {listed}; to register it: "
        f"deployr-runner target add {name} --help"
    )


def host_passwords(places: Places) -> dict[str, str]:
    """Return the passwords by host. Raises ConfigError."""
    return {f"{each.name} password": each.password for each in load_hosts(places) if each.password}


def save_hosts(places: Places, hosts: Iterable[HostEntry]) -> None:
    """Write hosts.toml, readable by the runner's own user alone."""
    make_private_dir(places.config)
    plain = _Book(host=tuple(hosts)).model_dump(mode="json", exclude_none=True)
    write_durably(places.config / HOSTS_FILE, tomli_w.dumps(plain))


def make_host(**fields: Any) -> HostEntry:  # noqa: ANN401 - checked here
    """Return an entry for what the owner typed. Raises ConfigError naming the wrong field."""
    try:
        return HostEntry(**fields)
    except ValidationError as error:
        raise ConfigError(problem(error)) from None


def make_hop(address: str) -> Hop:
    """Return a server on the way, from `user@host:port`. Raises ConfigError."""
    user, _, place = address.rpartition("@")
    host, colon, port = place.rpartition(":")
    if not colon:
        host, port = place, str(DEFAULT_PORT)
    try:
        return Hop(host=host.strip("[]"), port=int(port), user=user)
    except ValueError:  # pydantic's is one too
        raise ConfigError(f"--jump is user@host:port, not {address!r}") from None


def fingerprint(host_key: str) -> str:
    """Return the fingerprint of a public key, as `ssh-keygen -l` shows it."""
    digest = hashlib.sha256(b64decode(host_key.split()[1])).digest()
    return "SHA256:" + b64encode(digest).decode().rstrip("=")


def open_to_builds(config: RunnerConfig, entry: Allow) -> str | None:
    """Say so when what an entry builds can read how we log in to hosts, and what to do."""
    if not entry.host or entry.user or config.build_user:
        return None
    return (
        f"builds of {entry.title} run as the runner's own user, who can read the keys and "
        "passwords of its hosts: `deployr-runner build-user NAME` sets another one "
        "(install-runner.sh makes deployr-build)"
    )


def problem(error: ValidationError) -> str:
    """Return the first problem as a line, without what was typed: it may be a password."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    said = first["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said
