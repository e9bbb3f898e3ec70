"""`deployr-runner register`."""

import shlex
import socket
from typing import Any

import click

from deployr import __version__
from deployr.wire import DEFAULT_ENVIRONMENT, PROTOCOL, wrapped

from ..allowlist import Allow
from ..client import Client, Registered
from ..config import (
    CONFIG_FILE,
    MAX_CAPACITY,
    TOKEN_FILE,
    Places,
    RunnerConfig,
    check_url,
    instance_id,
    load,
    make_allow,
    make_config,
    save,
    save_token,
    with_allowed,
)
from ..envfile import env_files_follow
from ..errors import ConfigError, RunnerError, TokenRefusedError
from ..hosts.book import load_hosts
from ..tokenfile import sole_writer

_OWNERS = {"allow", "build_user", "cache_mib", "capacity", "restart", "stop_seconds"}


@click.command()
@click.option("--url", required=True, help="Address of the backend.")
@click.option("--code", envvar="DEPLOYR_CODE", help="One-time code; else DEPLOYR_CODE or a prompt.")
@click.option("--name", default=socket.gethostname, help="Name of this runner; default: host name.")
@click.option("--label", "labels", multiple=True, help="For runs_on in deploy.yaml; repeatable.")
@click.option("--capacity", type=click.IntRange(1, MAX_CAPACITY), help="Jobs at once; default: 1.")
@click.option("--project", help="First project that it may deploy.")
@click.option("--project-id", type=int, help="Its id, if another project has the same name.")
@click.option("--allow-repo", help="Its repository, exactly as the backend names it.")
@click.option("--allow-branch", multiple=True, help="Branch that may be deployed; repeatable.")
@click.option("--path", help="Where it goes on this server.")
@click.option("--host", help="Name of the host that has the path; default: this machine.")
@click.option("--docroot", help="For target: cpanel, the directory that the web server serves.")
@click.option("--domain", help="For target: cpanel, the domain that serves it.")
@click.option(
    "--copy-docroot",
    is_flag=True,
    help="The web server follows no links: exchange the document root as a whole.",
)
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
    before = config.allow
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
    with env_files_follow(places, before, config.allow):
        _keep(places, config.model_copy(update={"name": registered.name}), registered.token)
    click.echo(f"Registered as {registered.name}. Start it: {_start(places)}")
    if entry and entry.host and entry.host not in {each.name for each in load_hosts(places)}:
        click.echo(
            f"Before that, say how it is reached: deployr-runner target add {entry.host} --help"
        )


def _keep(places: Places, config: RunnerConfig, token: str) -> None:
    """Write both files; at no time does one backend's address stand beside another one's token."""
    with sole_writer(places):
        (places.config / TOKEN_FILE).unlink(missing_ok=True)
        save(places, config)
        save_token(places, token)


def _start(places: Places) -> str:
    """Return the line that runs the runner of these places."""
    default = Places.default()
    config = ["--config-dir", str(places.config)] if places.config != default.config else []
    state = ["--state-dir", str(places.state)] if places.state != default.state else []
    return shlex.join(["deployr-runner", *config, *state, "run"])


def _registered(client: Client, facts: dict[str, Any]) -> Registered:
    try:
        return client.register(wrapped(facts))
    except TokenRefusedError as error:
        raise RunnerError(f"the one-time code is not taken: {error}") from None


def _kept(places: Places, given: dict[str, Any]) -> dict[str, Any]:
    """Return what of an earlier registration stays: the list and the limits are the owner's."""
    known = load(places) if (places.config / CONFIG_FILE).exists() else None
    kept = known.model_dump(include=_OWNERS) if known else {}
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
        words = [*entry.words, "--repo", entry.repo, *entry.place_words]
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
        project_id=given["project_id"],
        repo=given["allow_repo"],
        branches=given["allow_branch"],
        environment=given["environment"],
        **{name: given[name] for name in ("path", "host", "docroot", "domain", "copy_docroot")},
    )
