"""`flask deployr token …`: API tokens, for the operator at the server's shell."""

import click
from flask.cli import AppGroup, with_appcontext

from app.schemas.tokens import MAX_DAYS
from app.services import operator_tokens
from app.told import told
from deployr.roles import Scope

_SCOPES = click.Choice([scope.value for scope in Scope])
token_commands = AppGroup("token", help="List and revoke API tokens of users.")


@click.command("token")
@click.argument("email")
@click.option("--name", default="command line", show_default=True, help="What its owner sees.")
@click.option("--scope", type=_SCOPES, default=Scope.ADMIN.value, show_default=True)
@click.option("--expires-days", type=click.IntRange(1, MAX_DAYS), help="Default: never.")
@with_appcontext
@told
def issue_token(email: str, name: str, scope: str, expires_days: int | None) -> None:
    """Print a new API token of the user with this EMAIL, once."""
    click.echo(operator_tokens.issue(email, name.strip(), Scope(scope), expires_days))


@token_commands.command("list")
@click.argument("email")
@told
def list_tokens(email: str) -> None:
    """List the tokens of the user with this EMAIL: id, name, scope, end, last use, revocation."""
    for row in operator_tokens.tokens_of(email):
        times = (row.expires_at, row.last_used_at, row.revoked_at)
        shown = [f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else "-" for time in times]
        click.echo("\t".join((str(row.id), row.name, row.scope, *shown)))


@token_commands.command("revoke")
@click.argument("token_id", type=int)
@told
def revoke_token(token_id: int) -> None:
    """Make the token with this id stop working."""
    operator_tokens.revoke(token_id)
