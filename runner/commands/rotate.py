"""`deployr-runner rotate`."""

import click

from ..config import Places
from ..rotation import rotate as replace_token


@click.command()
@click.pass_obj
def rotate(places: Places) -> None:
    """Replace this runner's token by a new one.

    A running agent takes up the new one by itself and its jobs go on; the old one ends an
    hour after the first use of the new one. The agent does the same on its own once its token is 30 days old.
    """
    replace_token(places)
    click.echo("The runner has a new token; the old one ends in an hour. A running agent goes on.")
