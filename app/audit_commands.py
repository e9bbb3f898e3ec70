"""`flask deployr audit …`: for the operator at the server's shell."""

import re

import click
from flask.cli import AppGroup

from app.services import audit_check, audit_view
from app.services.audit_check import BrokenError, Place
from app.services.paging import Window
from app.told import told

_PLACE = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")

audit_commands = AppGroup("audit", help="Look at the audit log and check it.")


class _PlaceType(click.ParamType[Place]):
    name = "id:hash"

    def convert(
        self, value: str | Place, param: click.Parameter | None, ctx: click.Context | None
    ) -> Place:
        if isinstance(value, Place):
            return value
        found = _PLACE.fullmatch(value)
        if found is None:
            self.fail("is not ID:HASH, as an earlier `verify` has printed it", param, ctx)
        return Place(id=int(found[1]), hash=found[2])


@audit_commands.command("verify")
@click.option("--expect", type=_PlaceType(), help="What an earlier run printed.")
@told
def verify(expect: Place | None) -> None:
    """Check every event; print ID:HASH of the newest one. The exit code is 1 when it is broken.

    Note that line down where nobody of the backend can write, and hand it to the next run: only
    so does it show that the whole log was rewritten or its end cut off.
    """
    try:
        newest = audit_check.verify(expect)
    except BrokenError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Unbroken: {newest.id} events. Note down the newest one, for --expect:", err=True)
    click.echo(str(newest))


@audit_commands.command("show")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@told
def show(limit: int) -> None:
    """List everybody's newest events, newest first, with tabs between the columns."""
    page = audit_view.all_events(Window(limit=limit, before=None), audit_view.Wanted())
    for event in page.rows:
        when = f"{event.at:%Y-%m-%dT%H:%M:%SZ}"
        columns = (event.id, when, event.actor, event.act, event.thing, event.address, event.detail)
        click.echo("\t".join(map(str, columns)))
