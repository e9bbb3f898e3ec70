"""`deployr-runner allow`: the owner's list."""

import json
from typing import Any

import click

from deployr.wire import DEFAULT_ENVIRONMENT

from ..accounts import find, shared_with
from ..allowlist import Allow, entry_named
from ..config import Places, load, make_allow, save, with_allowed
from ..envfile import env_files_follow
from ..hosts.book import host_named, open_to_builds


@click.group()
def allow() -> None:
    """Show and change what this runner may deploy."""


@allow.command("add")
@click.option("--project", required=True, help="Name of the project.")
@click.option("--project-id", type=int, help="Its id, if another project has the same name.")
@click.option("--repo", required=True, help="Its repository, exactly as the backend names it.")
@click.option("--branch", "branches", required=True, multiple=True, help="Repeatable.")
@click.option("--path", required=True, help="Where it goes on this server.")
@click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)
@click.option("--host", help="Name of the host that has the path; default: this machine.")
@click.option("--docroot", help="For target: cpanel, the directory that the web server serves.")
@click.option("--domain", help="For target: cpanel, the domain that serves it.")
@click.option(
    "--copy-docroot",
    is_flag=True,
    help="The web server follows no links: exchange the document root as a whole.",
)
@click.option("--user", help="Who builds it and runs its hooks; default: the runner's build user.")
@click.pass_obj
def add(places: Places, /, **fields: Any) -> None:  # noqa: ANN401 - checked by make_allow
    """Let this runner deploy a repository's branch to a path.

    \b
    Example:
      deployr-runner allow add --project my-app --repo git@github.com:me/my-app.git \\
        --branch main --path /var/www/my-app
    """
    entry = make_allow(**fields)
    if entry.host:
        host_named(places, entry.host)
    if entry.user:
        find(entry.user)
    before = load(places)
    config = with_allowed(before, entry)
    entry = config.allow[-1]
    with env_files_follow(places, before.allow, config.allow):
        save(places, config)
    click.echo(f"{entry.title} may be deployed to {entry.place}")
    for text in (*shared_with(config, entry), open_to_builds(config, entry)):
        if text:
            click.echo(f"warning: {text}", err=True)


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
        click.echo(line(entry))
    if not entries:
        click.echo("Nothing is allowed yet: deployr-runner allow add --help")


@allow.command("remove")
@click.option("--project", required=True, help="Name of the project.")
@click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)
@click.pass_obj
def remove(places: Places, project: str, environment: str) -> None:
    """Take a project off the list; what is deployed stays."""
    config = load(places)
    entry = entry_named(config.allow, project, environment)
    left = tuple(each for each in config.allow if each != entry)
    save(places, config.model_copy(update={"allow": left}))
    click.echo(f"{entry.title} may not be deployed any more")


def line(entry: Allow) -> str:
    """Return an entry of the list as one line."""
    branches = ", ".join(entry.branches)
    user = f" as {entry.user}" if entry.user else ""
    return f"{entry.title}: {entry.repo} [{branches}] to {entry.place}{user}"
