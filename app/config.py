"""Settings: `DEPLOYR_*` of the environment or of a `.env` file, checked all at once."""

import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import click
from dotenv import dotenv_values
from flask import current_app
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.safe_url import is_safe

PREFIX = "DEPLOYR_"
_DRIVERS = {
    "sqlite": "sqlite",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "mysql+pymysql": "mysql+pymysql",
    "mariadb+pymysql": "mariadb+pymysql",
}

_AWS_IDENTITY = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
"""They belong together: never some of one place and some of another."""

Seconds = Annotated[float, Field(gt=0)]


def _web_address(text: str) -> str:
    if not re.match(r"https?://[^\s/]+", text):
        raise ValueError("must start with https://, as https://deployr.example.com")
    return text


HttpUrl = Annotated[str, AfterValidator(_web_address)]
PerMinute = Annotated[int, Field(ge=1)]
KEY_IS_NEEDED = (
    "is needed; make one with `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`"
)


def _words(value: object) -> object:
    return value.lower().replace(",", " ").split() if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""Of a text with commas or spaces between them; lower case."""


class ConfigError(click.ClickException):
    """The settings can't be used; the text names every problem. `flask` shows it as one error."""


class Settings(BaseModel):
    """What an operator may set; each field is the variable `DEPLOYR_<FIELD>`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    database_url: str
    db_connections: Annotated[int, Field(ge=1, le=1000)] = 15
    """To the database, at most, of each process; one a thread is enough."""
    db_ca: str | None = None
    """File of the authority that vouches for a database on another machine."""
    log_file: str | None = None
    """Where the backend logs to; left out: the error stream."""
    secret_key: Annotated[str | None, Field(min_length=32, validate_default=True, repr=False)] = (
        None
    )
    """Signs what browsers keep; all processes of a backend share it."""
    github_client_id: str | None = None
    github_client_secret: str | None = None
    github_url: HttpUrl = "https://github.com"
    github_api_url: HttpUrl = "https://api.github.com"
    signup: Literal["closed", "open"] = "closed"
    """`closed` admits by GitHub only the first user, those that exist, are invited or listed."""
    allow_logins: Words = ()
    allow_orgs: Words = ()
    allow_domains: Words = ()
    """Who is admitted besides: by GitHub login, organisation, or domain of the verified email."""
    public_url: HttpUrl | None = None
    """What users type to reach the backend; left out: what the request says."""
    allowed_hosts: Words = ()
    """Host names that requests may be for; left out: that of `public_url`, else any."""
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    """How many proxies before the backend set X-Forwarded-For and -Proto."""
    sign_ins_per_minute: PerMinute = 30
    registrations_per_minute: PerMinute = 60
    """Tries that one address may make, counted by all processes together."""
    poll_budget: Annotated[float, Field(gt=0)] = 10
    """Polls a second that all runners together may make."""
    poll_min_seconds: Seconds = 0.5
    poll_max_seconds: Seconds = 30
    """Bounds of the pause between two polls; the upper one wins over the budget."""
    heartbeat_seconds: Seconds = 15
    lease_seconds: Seconds = 300
    """A running job without a sign of life for so long is lost."""
    overtime_seconds: Seconds = 300
    """How long after its own time limit a job is ended here, whatever its runner says."""
    stamp_seconds: Seconds = 15
    """Signs of life are written at most so often: a write for each poll would cost too much."""
    outage_seconds: Seconds = 60
    """Nobody was heard for longer: the backend itself was away, so no runner is to blame."""
    log_cap_bytes: Annotated[int, Field(ge=1024)] = 5 * 1024 * 1024
    """Bytes of log that are kept of a job."""
    log_store: Literal["db", "file", "s3"] = "db"
    """Where `tick` moves the logs of finished jobs to."""
    log_dir: str | None = None
    s3_bucket: str | None = None
    s3_prefix: str = ""
    s3_url: HttpUrl | None = None
    """Of another maker's S3; its keys come from boto3's own settings (AWS_ACCESS_KEY_ID, …)."""
    tick_token: Annotated[str, Field(min_length=20)] | None = None
    """Lets a cron of the outside call `POST /api/tick`."""
    queue_ttl_seconds: Seconds = 24 * 3600
    """How long a job may wait for a runner."""
    online_seconds: Seconds = 60
    """A runner counts as online for so long after its last poll."""

    @model_validator(mode="after")
    def _store_has_a_place(self) -> Self:
        place = {"file": ("log_dir", self.log_dir), "s3": ("s3_bucket", self.s3_bucket)}
        name, value = place.get(self.log_store, ("", ""))
        if value is None:
            raise ValueError(f"DEPLOYR_LOG_STORE={self.log_store} needs {PREFIX}{name.upper()}")
        return self

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, text: str) -> str:
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):  # the latter tells what it took for a port
            raise ValueError("is not a database URL, as mysql://user:password@host/name") from None
        if url.drivername not in _DRIVERS:
            raise ValueError("must start with mysql://, mariadb:// or sqlite:///")
        if url.get_backend_name() == "sqlite" and url.host:
            raise ValueError("of SQLite has three slashes, four before an absolute path")
        url = url.set(drivername=_DRIVERS[url.drivername])
        return url.render_as_string(hide_password=False)

    @field_validator("db_ca")
    @classmethod
    def _holds_certificates(cls, file: str | None) -> str | None:
        try:
            ssl.create_default_context(cafile=file)
        except OSError:
            raise ValueError("is no file of certificates (PEM)") from None
        return file

    @field_validator("secret_key")
    @classmethod
    def _given_in_production(cls, key: str | None, others: ValidationInfo) -> str | None:
        if key is None and not others.data.get("database_url", "sqlite").startswith("sqlite"):
            raise ValueError(KEY_IS_NEEDED)
        return key

    @field_validator("github_url", "github_api_url")
    @classmethod
    def _encrypted(cls, url: str) -> str:
        if not is_safe(url):
            raise ValueError("must start with https:// (http:// only for this machine itself)")
        return url

    @property
    def github_scope(self) -> str:
        """What a user is asked to let us read: organisations only where some are listed."""
        return "read:user user:email read:org" if self.allow_orgs else "read:user user:email"

    @classmethod
    def load(cls, values: Mapping[str, object], instance: Path) -> Self:
        """Read `DEPLOYR_*` of `values`; without a database URL a file in `instance` is used.

        Raises ConfigError that lists all problems.
        """
        given = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in values.items()
            if name.startswith(PREFIX) and value != ""
        }
        if "database_url" not in given:
            instance.mkdir(mode=0o700, parents=True, exist_ok=True)
            given["database_url"] = f"sqlite:///{instance / 'deployr.sqlite3'}"
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise ConfigError("\n".join(_problems(error))) from None


def _problems(error: ValidationError) -> list[str]:
    return [
        ": ".join(
            (
                *(f"{PREFIX}{str(part).upper()}" for part in each["loc"][:1]),
                each["msg"].removeprefix("Value error, "),
            )
        )
        for each in error.errors(include_input=False)
    ]


def environment(root: Path) -> dict[str, str | None]:
    """Return the process's variables over those of `.env` in `root` and the working folder.

    Those of boto3 (`AWS_…`) become the process's own: it looks nowhere else. Raises ConfigError.
    """
    merged: dict[str, str | None] = {}
    for folder in dict.fromkeys((root, Path.cwd())):
        file = folder / ".env"
        try:
            merged |= dotenv_values(file, interpolate=False, encoding="utf-8")
        except UnicodeDecodeError:
            raise ConfigError(f"{file} is not encoded as UTF-8: save it so") from None
    is_known = bool(_AWS_IDENTITY & os.environ.keys())
    for name, value in merged.items():
        if name.startswith("AWS_") and value and not (is_known and name in _AWS_IDENTITY):
            os.environ.setdefault(name, value)
    return merged | dict(os.environ)


def checked(config: Mapping[str, object]) -> Mapping[str, object]:
    """Return `config`. Raises ConfigError for keys that neither we nor Flask would ever read."""
    unknown = [name for name in config if not name.isupper()]
    if unknown:
        raise ConfigError(f"not a setting: {', '.join(unknown)} (settings are {PREFIX}…)")
    return config


def settings() -> Settings:
    """Return the settings of the current app."""
    found: Settings = current_app.config["DEPLOYR"]
    return found
