"""What every command shares: output, the signed-in client, and the options that belong to all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import click

from .client import Client
from .config import load_account
from .output import Output


@dataclass
class Session:
    """State of one run of `deployr`, handed to the commands by click."""

    output: Output = field(default_factory=Output)

    @cached_property
    def client(self) -> Client:
        """The backend as the signed-in user. Raises CliError when nobody is signed in."""
        return Client(load_account())


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
