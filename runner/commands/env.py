"""`deployr-runner env`: the secrets of the apps, which stay on this server."""

import json
import sys
from pathlib import Path

import click

from deployr.fields import ENV_NAME
from deployr.wire import DEFAULT_ENVIRONMENT

from .. import envtext
from ..allowlist import entry_named
from ..asking import confirm
from ..config import Places, load
from ..envfile import names_in, values_of
from ..errors import ConfigError
from ..files import make_private_dir, read_private, write_atomically

_STDIN = "-"
_project = click.argument("project")
_environment = click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)


@click.group()
def env() -> None:
    """Show and change the env files of apps: their values never leave this server.

    The next deployment uses them: for the build, for hooks, and as the app's .env.
    """


@env.command("set")
@_project
@click.argument("name")
@_environment
@click.option("--empty", is_flag=True, help="Set it to nothing, and ask for no value.")
@click.pass_obj
def set_(places: Places, project: str, name: str, environment: str, *, empty: bool) -> None:
    """Set one variable; the value is asked for, or read from standard input.

    \b
    Examples:
      deployr-runner env set my-app DB_PASSWORD
      openssl rand -hex 32 | deployr-runner env set my-app SESSION_SECRET
    """
    path = _file(places, project, environment)
    _check_lone(name)
    _check_name(name)
    value = "" if empty else _asked(name)
    if not value and not empty:
        raise ConfigError(f"the value of {name} is empty: add --empty if that is meant")
    if "\0" in value:
        raise ConfigError(f"the value of {name} holds a null byte, which no environment can")
    _write(path, envtext.with_value(read_private(path) or "", name, value))
    click.echo(f"{name} is set for {project} ({environment}), from the next deployment on")


@env.command()
@_project
@click.argument("name")
@_environment
@click.pass_obj
def unset(places: Places, project: str, name: str, environment: str) -> None:
    """Remove one variable."""
    path = _file(places, project, environment)
    _check_lone(name)
    text = read_private(path) or ""
    if name not in names_in(text):
        raise ConfigError(f"{name} is not set for {project} ({environment})")
    _write(path, envtext.without(text, name))
    click.echo(f"{name} is gone from {project} ({environment}), from the next deployment on")


@env.command("list")
@_project
@_environment
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_obj
def list_(places: Places, project: str, environment: str, *, as_json: bool) -> None:
    """List the names of what is set; values are never shown."""
    path = _file(places, project, environment)
    names = names_in(read_private(path) or "")
    if as_json:
        facts = {"project": project, "environment": environment, "file": str(path), "names": names}
        click.echo(json.dumps(facts, indent=2))
        return
    for name in names:
        click.echo(name)
    if not names:
        click.echo(f"Nothing is set yet: deployr-runner env set {project} NAME", err=True)


@env.command("import")
@_project
@click.argument("file")
@_environment
@click.option("--yes", is_flag=True, help="Replace what is set without asking.")
@click.pass_obj
def import_(places: Places, project: str, file: str, environment: str, *, yes: bool) -> None:
    """Take over a whole env file; `-` reads standard input.

    \b
    Example:
      deployr-runner env import my-app /var/www/my-app/shared/.env
    """
    path = _file(places, project, environment)
    text = _read(file)
    known = read_private(path) or ""
    for line in _differences(values_of(known), values_of(text)):
        click.echo(line)
    if known == text:
        click.echo(f"{project} ({environment}) has exactly that already")
        return
    if names_in(known) and not yes:
        what = f"the env file of {project} ({environment})"
        confirm(f"Replace {what}?", f"replacing {what}")
    _write(path, text)
    click.echo(
        f"{len(names_in(text))} names are set for {project} ({environment}), from the next "
        "deployment on"
    )


def _file(places: Places, project: str, environment: str) -> Path:
    """Return where the env file is, or will be. Raises ConfigError for a project not allowed."""
    entry = entry_named(load(places).allow, project, environment)
    return places.env_file(entry.key, entry.environment)


def _check_lone(name: str) -> None:
    """Refuse NAME=value without repeating the value, which is a secret."""
    if "=" in name:
        raise ConfigError("give only the name; the value is asked for or read from standard input")


def _check_name(name: str) -> None:
    if not ENV_NAME.fullmatch(name) or name.startswith("DEPLOYR_"):
        raise ConfigError(
            f"{name!r} can't be set: a name has letters, digits and _, no digit first, and does "
            "not begin with DEPLOYR_"
        )


def _asked(name: str) -> str:
    """Return the value from a hidden prompt, or all of standard input but its last line's end."""
    if not sys.stdin.isatty():
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    value: str = click.prompt(f"Value of {name}", hide_input=True, default="", show_default=False)
    return value


def _read(file: str) -> str:
    """Return the text of an env file. Raises ConfigError that quotes none of it but names."""
    try:
        text = sys.stdin.read() if file == _STDIN else Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{file} does not exist") from None
    except OSError as error:
        raise ConfigError(f"{file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is no text in UTF-8") from None
    for line in envtext.lines_of(text):
        if line.is_bad:
            raise ConfigError(f"{file}: line {line.number} is no NAME=value")
        if line.name:
            _check_name(line.name)
    if not values_of(text):
        raise ConfigError(f"{file} sets nothing")
    return text


def _differences(known: dict[str, str], new: dict[str, str]) -> list[str]:
    found = {
        "added": sorted(new.keys() - known.keys()),
        "removed": sorted(known.keys() - new.keys()),
        "changed": sorted(name for name in known.keys() & new.keys() if known[name] != new[name]),
    }
    return [f"{word}: {', '.join(names)}" for word, names in found.items() if names]


def _write(path: Path, text: str) -> None:
    make_private_dir(path.parent)
    write_atomically(path, text)
