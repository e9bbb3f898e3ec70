"""`deployr-runner build-user`: who builds, and so can't read what is the runner's."""

import click

from ..accounts import find
from ..config import Places, load, save
from ..errors import ConfigError


@click.command("build-user")
@click.argument("name", required=False)
@click.option("--none", is_flag=True, help="Build as the runner's own user, as if none was set.")
@click.pass_obj
def build_user(places: Places, name: str | None, *, none: bool) -> None:
    """Show or set the user that builds apps and runs their hooks.

    It can't read the runner's token, keys, configuration and env files. install-runner.sh makes
    it, and lets the runner start processes as that user.
    """
    config = load(places)
    if name and none:
        raise ConfigError("give a name or --none")
    if name:
        if find(name).uid == places.config.stat().st_uid:
            raise ConfigError(f"{name} is the runner's own user: the build user must be another")
        save(places, config.model_copy(update={"build_user": name}))
    elif none:
        save(places, config.model_copy(update={"build_user": None}))
    now = load(places).build_user
    click.echo(f"Builds and hooks run as {now or 'the user of the runner itself'}")
