"""Questions to who runs a command."""

import sys

import click

from .errors import ConfigError


def confirm(question: str, deed: str) -> None:
    """Ask for a yes, without which the command ends.

    Raises ConfigError when there is no terminal to ask at; `deed` is what needs the yes.
    """
    if not sys.stdin.isatty():
        raise ConfigError(f"{deed} needs --yes when nobody can be asked")
    click.confirm(question, abort=True)
