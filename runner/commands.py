"""Registering, the owner's list, and a look at how things are."""

import json
import shlex
import socket
from typing import Any

import click

from deployr import __version__
from deployr.wire import DEFAULT_ENVIRONMENT, PROTOCOL, wrapped

from .client import Client, Registered
from .config import (
    CONFIG_FILE,
    MAX_CAPACITY,
    TOKEN_FILE,
    Allow,
    Places,
    RunnerConfig,
    check_url,
    instance_id,
    load,
    load_token,
    make_allow,
    make_config,
    save,
    save_token,
    with_allowed,
)
from .errors import ConfigError, RunnerError, TokenRefusedError
from .state import read_notes


@click.command()
@click.option("--url", required=True, help="Address of the backend.")
@click.option("--code", envvar="DEPLOYR_CODE", help="One-time code; else DEPLOYR_CODE or a prompt.")
@click.option("--name", default=socket.gethostname, help="Name of this runner; default: host name.")
@click.option("--label", "labels", multiple=True, help="For runs_on in deploy.yaml; repeatable.")
@click.option("--capacity", type=click.IntRange(1, MAX_CAPACITY), help="Jobs at once; default: 1.")
@click.option("--project", help="First project that it may deploy.")
@click.option("--allow-repo", help="Its repository, exactly as the backend names it.")
@click.option("--allow-branch", multiple=True, help="Branch that may be deployed; repeatable.")
@click.option("--path", help="Where it goes on this server.")
@click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)
@click.option("--replace", is_flag=True, help="Give up the registration that this server has.")
@click.pass_obj
def register(places: Places, /, url: str, code: str | None, name: str, **given: Any) -> None:  # noqa: ANN401 - checked by _first_entry
    """Make this server a runner, with the line that `deployr runners add` printed.

    \b
    Example:
      deployr-runner register --url https://deployr.example.com --code dpc_… --project my-app \\
        --allow-repo git@github.com:me/my-app.git --allow-branch main --path /var/www/my-app
    """
    check_url(url)
    entry = _first_entry(given)
    if not given["replace"] and _is_registered(places, url, entry):
        click.echo("This server is registered already, and may deploy that.")
        return
    config = make_config(
        url=url.rstrip("/"), name=name, labels=given["labels"], **_kept(places, given)
    )
    if entry:
        config = with_allowed(config, entry)
    asked = code or click.prompt("One-time code", hide_input=True)
    facts = {
        "code": asked.strip(),
        "name": name,
        "hostname": socket.gethostname(),
        "version": __version__,
        "labels": list(given["labels"]),
        "capacity": config.capacity,
        "protocol": PROTOCOL,
        "instance_id": instance_id(places),
    }
    registered = _registered(Client(url), facts)
    save_token(places, registered.token)
    save(places, config.model_copy(update={"name": registered.name}))
    click.echo(f"Registered as {registered.name}. Start it: deployr-runner run")


@click.group()
def allow() -> None:
    """Show and change what this runner may deploy."""


@allow.command("add")
@click.option("--project", required=True, help="Name of the project.")
@click.option("--repo", required=True, help="Its repository, exactly as the backend names it.")
@click.option("--branch", "branches", required=True, multiple=True, help="Repeatable.")
@click.option("--path", required=True, help="Where it goes on this server.")
@click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)
@click.pass_obj
def add(places: Places, /, **fields: Any) -> None:  # noqa: ANN401 - checked by make_allow
    """Let this runner deploy a repository's branch to a path.

    \b
    Example:
      deployr-runner allow add --project my-app --repo git@github.com:me/my-app.git \\
        --branch main --path /var/www/my-app
    """
    entry = make_allow(**fields)
    save(places, with_allowed(load(places), entry))
    click.echo(f"{entry.project} ({entry.environment}) may be deployed to {entry.path}")


@allow.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_obj
def list_(places: Places, *, as_json: bool) -> None:
    """List what this runner may deploy."""
    entries = load(places).allow
    if as_json:
        click.echo(json.dumps([entry.model_dump(mode="json") for entry in entries], indent=2))
        return
    for entry in entries:
        click.echo(_line(entry))
    if not entries:
        click.echo("Nothing is allowed yet: deployr-runner allow add --help")


@allow.command("remove")
@click.option("--project", required=True, help="Name of the project.")
@click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)
@click.pass_obj
def remove(places: Places, project: str, environment: str) -> None:
    """Take a project off the list; what is deployed stays."""
    config = load(places)
    left = tuple(
        entry
        for entry in config.allow
        if (entry.project, entry.environment) != (project, environment)
    )
    if left == config.allow:
        raise ConfigError(f"{project} ({environment}) is not on the list")
    save(places, config.model_copy(update={"allow": left}))
    click.echo(f"{project} ({environment}) may not be deployed any more")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_obj
def status(places: Places, *, as_json: bool) -> None:
    """Show how this runner is set up and whether its backend takes it.

    The exit code is that of the first problem: 2 configuration, 5 unreachable, 78 token refused.
    """
    config = load(places)
    problem = _problem(config, load_token(places))
    facts = {
        "name": config.name,
        "url": config.url,
        "config": str(places.config),
        "state": str(places.state),
        "labels": list(config.labels),
        "allow": [entry.model_dump(mode="json") for entry in config.allow],
        "backend": str(problem) if problem else "accepts this runner",
        **read_notes(places),
    }
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    else:
        _print(facts, config)
    if problem:
        raise SystemExit(problem.exit_code)


def _registered(client: Client, facts: dict[str, Any]) -> Registered:
    try:
        return client.register(wrapped(facts))
    except TokenRefusedError as error:
        raise RunnerError(f"the one-time code is not taken: {error}") from None


def _problem(config: RunnerConfig, token: str) -> RunnerError | None:
    try:
        Client(config.url, token).poll()
    except RunnerError as error:
        return error
    return None


def _print(facts: dict[str, object], config: RunnerConfig) -> None:
    for name in ("name", "url", "config", "state", "backend", "last_contact", "last_job"):
        if name in facts:
            click.echo(f"{name.replace('_', ' ') + ':':<14}{_words(facts[name])}")
    for entry in config.allow:
        click.echo(f"{'may deploy:':<14}{_line(entry)}")


def _words(fact: object) -> str:
    """Return the text of a fact; of several values those that are set."""
    if isinstance(fact, dict):
        return ", ".join(f"{key} {value}" for key, value in fact.items() if value is not None)
    return str(fact)


def _line(entry: Allow) -> str:
    branches = ", ".join(entry.branches)
    return f"{entry.project} ({entry.environment}): {entry.repo} [{branches}] to {entry.path}"


def _kept(places: Places, given: dict[str, Any]) -> dict[str, Any]:
    """Return what of an earlier registration stays: the list and the limits are the owner's."""
    known = load(places) if (places.config / CONFIG_FILE).exists() else None
    kept = known.model_dump(include={"allow", "capacity", "stop_seconds"}) if known else {}
    return kept | ({"capacity": given["capacity"]} if given["capacity"] else {})


def _is_registered(places: Places, url: str, entry: Allow | None) -> bool:
    """Tell whether there is nothing left to do.

    Raises ConfigError for a runner that has a token for something else: the projects that it
    serves would lose it.
    """
    if not (places.config / TOKEN_FILE).exists():
        return False
    config = load(places)
    listed = entry is None or set(with_allowed(config, entry).allow) == set(config.allow)
    if listed and config.url == url.rstrip("/"):
        return True
    advice = "deployr-runner allow add --help"
    if entry is not None:
        words = ["--project", entry.project, "--repo", entry.repo, "--path", entry.path]
        words += [word for branch in entry.branches for word in ("--branch", branch)]
        words += ["--environment", entry.environment]
        advice = f"deployr-runner allow add {shlex.join(words)}"
    raise ConfigError(
        f"this server is a runner of {config.url} already. To let it deploy one more project, "
        f"run:\n  {advice}\nTo register it anew, add --replace."
    )


def _first_entry(given: dict[str, Any]) -> Allow | None:
    fields = (given["project"], given["allow_repo"], given["allow_branch"], given["path"])
    if not any(fields):
        return None
    if not all(fields):
        raise ConfigError("--project, --allow-repo, --allow-branch and --path go together")
    return make_allow(
        project=given["project"],
        repo=given["allow_repo"],
        branches=given["allow_branch"],
        path=given["path"],
        environment=given["environment"],
    )
