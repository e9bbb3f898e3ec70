"""The machine and the settings: what is needed before anybody asks from outside."""

import logging
import os
import platform
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values
from flask import current_app
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from app.config import PREFIX, Settings, settings
from app.doctor.finding import Finding, ok, problem, warning
from app.extensions import db
from app.services import health

_PUBLIC = {"public_html", "htdocs", "www", "httpdocs"}
_FEWEST_CHARACTERS = 12
"""Of different kinds; what is random has more."""


def check_python() -> Iterator[Finding]:
    """Which Python runs the backend."""
    yield ok(f"Python {platform.python_version()} ({sys.executable}).")


def check_answers() -> Iterator[Finding]:
    """Whether the backend, asked without any server around, answers."""
    values = settings()
    host = next(iter(values.allowed_hosts), "localhost").lstrip(".")
    base = values.public_url or f"http://{host}"
    log = logging.getLogger("app.request")
    log.disabled = True  # nobody asked: it would stand among what is told
    try:
        client = current_app.test_client()
        codes = {path: client.get(path, base_url=base).status_code for path in ("/api/health", "/")}
    finally:
        log.disabled = False
    for path, code in codes.items():
        if code == 400 and values.allowed_hosts:
            yield problem(
                f"DEPLOYR_ALLOWED_HOSTS lacks the host of {base}: requests for it are refused.",
                "add it, or leave the setting out",
            )
            return
        if code >= 400:
            yield problem(f"{path} is answered with {code}.", "look into the backend's log")


def check_secret_key() -> Iterator[Finding]:
    """Whether what signs sign-ins can be guessed."""
    key = settings().secret_key
    if key is not None and len(set(key)) < _FEWEST_CHARACTERS:
        yield warning(
            "DEPLOYR_SECRET_KEY looks made up: who guesses it signs in as anybody.",
            "make one with `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`",
        )
    else:
        yield ok("The secret key is fine.")


def check_settings_file() -> Iterator[Finding]:
    """Whether others can read the passwords in `.env`, and whether it sets what it seems to."""
    for folder in dict.fromkeys((Path(current_app.root_path).parent, Path.cwd())):
        file = folder.joinpath(".env").resolve()
        if not file.is_file():
            continue
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield problem(f"{file} can be read by others.", f"chmod 600 {file}")
        if unknown := _unknown_names(file):
            yield warning(
                f"{file} has names that are no settings: {', '.join(unknown)}.",
                "correct or remove them: README, Backend, lists the settings",
            )
        if _PUBLIC & set(file.parts):
            yield problem(
                f"{file} is below a document root: a web server may hand it to anybody.",
                "move the application root out of it",
            )


def _unknown_names(file: Path) -> list[str]:
    """Return what begins like a setting and is none: a list that is misspelt lets everybody in."""
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    names = dotenv_values(file, interpolate=False, encoding="utf-8")
    return [name for name in names if name.startswith(PREFIX) and name not in known]


def check_places() -> Iterator[Finding]:
    """Whether the backend can write where it must."""
    values = settings()
    url = make_url(values.database_url)
    in_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    wanted = {
        "DEPLOYR_LOG_FILE": Path(values.log_file).parent if values.log_file else None,
        "DEPLOYR_LOG_DIR": Path(values.log_dir) if values.log_dir else None,
        "DEPLOYR_DATABASE_URL": Path(str(url.database)).parent if in_file else None,
    }
    for name, folder in wanted.items():
        if folder is not None and (why := _not_writable(folder)):
            yield problem(
                f"{name}: {folder} can not be written: {why}.",
                f"make it, and let {_user()} write there",
            )


def check_load() -> Iterator[Finding]:
    """What works but not well."""
    try:
        found = health.warnings()
    except DBAPIError:
        db.session.rollback()
        return  # told by the checks of the database
    for text in found:
        yield warning(text, "docs/scaling.md tells how far that goes")


def _not_writable(folder: Path) -> str | None:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        return error.strerror
    return None


def _user() -> str:
    return f"the user with id {os.geteuid()}"
