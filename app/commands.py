"""`flask deployr …`: for the operator at the server's shell."""

from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from app.audit_commands import audit_commands
from app.extensions import db
from app.models.user import BLOCKED
from app.services import accounts
from app.services.tick import tick
from app.token_commands import issue_token, token_commands
from app.told import told

TICK_SECONDS = 50.0
"""Cron starts the next one after a minute."""

deployr_commands = AppGroup("deployr", help="Operate the Deployr backend.")
user_commands = AppGroup("user", help="Create and list users.")
deployr_commands.add_command(user_commands)
deployr_commands.add_command(audit_commands)
deployr_commands.add_command(token_commands)
user_commands.add_command(issue_token)


def init_commands(app: Flask) -> None:
    """Add our commands to `flask`, and `flask db` where it is `flask` that runs."""
    app.cli.add_command(deployr_commands)
    if click.get_current_context(silent=True) is not None:
        enable_migrations(app)


def enable_migrations(app: Flask) -> None:
    """Give the app Flask-Migrate."""
    # Imported here: Alembic costs a web process start-up time and memory for nothing.
    from flask_migrate import Migrate  # noqa: PLC0415

    Migrate(app, db, directory=str(Path(app.root_path).parent / "migrations"), render_as_batch=True)


@deployr_commands.command("tick")
@told
def run_tick() -> None:
    """Do background work that is due; call it from cron, every minute."""
    done = tick(TICK_SECONDS)
    if done.logs_moved or done.outbox_done or done.failed:
        click.echo(
            f"logs moved: {done.logs_moved}, other work done: {done.outbox_done}, "
            f"to be tried again: {done.failed}"
        )


@deployr_commands.command("doctor")
@click.option(
    "--before-start",
    is_flag=True,
    help="Leave out what only a backend shows that runs and is migrated; warnings are no failure.",
)
@told
def doctor(*, before_start: bool) -> None:
    """Check the backend and say how to mend it; the exit code is 1 if something is to be done."""
    # Imported here: web processes don't need it.
    from app.doctor.examine import examine, is_fine  # noqa: PLC0415

    found = examine(before_start=before_start)
    for finding in found:
        click.echo(finding.text)
    if not is_fine(found, before_start=before_start):
        raise SystemExit(1)


@user_commands.command("create")
@click.option("--name", required=True, help="Full name.")
@click.option("--email", required=True, help="Also links the user's GitHub account.")
@told
def create_user(name: str, email: str) -> None:
    """Create a user and print an API token, once."""
    _, token = accounts.create_user(name, email)
    click.echo(token)


@user_commands.command("revoke")
@click.argument("email")
@told
def revoke_tokens(email: str) -> None:
    """End all tokens and browser sessions of the user with this EMAIL: when one got lost."""
    click.echo(f"Ended tokens: {accounts.revoke_tokens(email)}")


@user_commands.command("block")
@click.argument("email")
@told
def block_user(email: str) -> None:
    """End all access of the user with this EMAIL and let him sign in no more: when he has left."""
    accounts.block_user(email)


@user_commands.command("unblock")
@click.argument("email")
@told
def unblock_user(email: str) -> None:
    """Let the user with this EMAIL sign in again, without the rights of an admin."""
    accounts.unblock_user(email)


@user_commands.command("list")
@told
def list_users() -> None:
    """List users: id, email, name, GitHub login."""
    for user in accounts.list_users():
        name = f"{user.name} (blocked)" if user.role == BLOCKED else user.name
        click.echo(f"{user.id}\t{user.email}\t{name}\t{user.github_login or '-'}")
