"""Questions to whoever sits at the terminal."""

import sys

import click

from .errors import CliError


def is_interactive() -> bool:
    """Tell whether questions can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def make_sure(question: str, doing: str, *, yes: bool) -> None:
    """Ask before what can't be undone, unless `yes`. Raises CliError when nobody can be asked."""
    if yes:
        return
    if not is_interactive():
        raise CliError(f"{doing} needs --yes when nobody can be asked.")
    click.confirm(question, abort=True)
