"""What every command shares: output, the signed-in client, and the options that belong to many."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import click
from click.core import ParameterSource

from .client import Client
from .config import load_account
from .output import Output


@dataclass
class Session:
    """State of one run of `deployr`, handed to the commands by click."""

    output: Output = field(default_factory=Output)
    project_name: str | None = None
    """What `--project` or DEPLOYR_PROJECT says: `shop` or `ada/shop`."""

    @cached_property
    def client(self) -> Client:
        """The backend as the signed-in user. Raises CliError when nobody is signed in."""
        return Client(load_account())

    @cached_property
    def handle(self) -> str:
        """The owner in the full names of the user's own projects and runners."""
        return str(self.client.user()["handle"])


pass_session = click.make_pass_decorator(Session, ensure=True)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`, which works before and behind the command's name."""

    def switch(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
        if value:
            ctx.ensure_object(Session).output.as_json = True

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=switch,
        help="Print JSON instead of text.",
    )(command)


def project_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--project`, which works before and behind the name of a subcommand."""

    def choose(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        session = ctx.ensure_object(Session)
        if value == "":  # of a script's empty variable: not this directory's project
            raise click.BadParameter("it is empty", ctx, param)
        said = ctx.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
        # What was said to the group stands, unless the subcommand says something else.
        if value is not None and (said or session.project_name is None):
            session.project_name = value

    return click.option(
        "--project",
        "project_name",
        metavar="NAME",
        envvar="DEPLOYR_PROJECT",
        expose_value=False,
        callback=choose,
        help="The project, as name or owner/name; default: this directory's.",
    )(command)
