"""`deployr-runner cron`: the cron jobs of a Laravel app in a hosting account."""

import click

from deployr.wire import DEFAULT_ENVIRONMENT

from .. import cron as jobs
from ..allowlist import Allow, entry_named
from ..config import Places, load
from ..errors import ConfigError, RunnerError
from ..hosts.host import Host
from ..hosts.opened import open_host


@click.command()
@click.argument("project")
@click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)
@click.option("--install", is_flag=True, help="Put them into the account's crontab.")
@click.option("--remove", is_flag=True, help="Take them out of it.")
@click.pass_obj
def cron(places: Places, project: str, environment: str, *, install: bool, remove: bool) -> None:
    """Print the cron jobs that start a Laravel app's scheduler and queue, or install them.

    Where no service may run, cron starts them each minute. Everything else in the crontab stays.

    \b
    Examples:
      deployr-runner cron my-app
      deployr-runner cron my-app --install
    """
    entry = entry_named(load(places).allow, project, environment)
    if not entry.is_account:
        raise ConfigError(
            f"{entry.title} is on this server: use a service (deploy.restart) or its own crontab"
        )
    if install and remove:
        raise ConfigError("--install or --remove, not both")
    wanted = jobs.lines(f"{entry.path}/.deployr/bin/php", f"{entry.path}/current")
    if not install and not remove:
        click.echo(jobs.block(_name(entry), wanted), nl=False)
        return
    host = open_host(places, entry.host, "cron")
    try:
        changed = _change(host, entry, [] if remove else wanted)
    finally:
        host.close()
    done = "taken out of" if remove else "in"
    click.echo(f"The cron jobs of {entry.title} {_BE[changed]} {done} the crontab of {host.name}")


_BE = {True: "are now", False: "were already"}


def _change(host: Host, entry: Allow, wanted: list[str]) -> bool:
    if "crontab" not in host.probe.tools:
        raise RunnerError(
            f"{host.name} has no `crontab`: enter them in cPanel, Cron Jobs; without --install they "
            "are printed"
        )
    return jobs.change(host, _name(entry), wanted)


def _name(entry: Allow) -> str:
    """Return what the lines of an entry are found by."""
    return f"{entry.key} {entry.environment}"
