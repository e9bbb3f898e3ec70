"""Signing in and out."""

import os
import sys

import click

from ..client import Client
from ..config import Account, checked_url, forget, save, saved_url
from ..errors import CliError, ExitCode
from ..session import Session, json_option, pass_session


@click.command()
@click.option("--url", help="Address of the backend, such as https://deployr.example.com.")
@json_option
@pass_session
def login(session: Session, url: str | None) -> None:
    """Sign in with a token and remember it.

    The token comes from DEPLOYR_TOKEN, from standard input, or from a prompt that does not show
    it; never from the command line, where other users of the machine could see it.

    \b
    Example:
      deployr login --url https://deployr.example.com
    """
    account = Account(url=checked_url(url or saved_url() or _ask_url()), token=_token())
    user = Client(account).user()
    save(account)
    if session.output.as_json:
        session.output.data(user)
        return
    session.output.success(f"✓ Signed in to {account.url} as {user['name']} ({user['email']})")


@click.command()
@json_option
@pass_session
def whoami(session: Session) -> None:
    """Show who you are signed in as, and where."""
    user = session.client.user()
    if session.output.as_json:
        session.output.data({**user, "url": session.client.url})
        return
    session.output.line(f"{user['name']} ({user['email']}) at {session.client.url}")


@click.command()
@json_option
@pass_session
def logout(session: Session) -> None:
    """Forget the token that is saved on this machine."""
    existed = forget()
    if session.output.as_json:
        session.output.data({"signed_out": existed})
    else:
        session.output.line("Signed out." if existed else "You were not signed in.")
    if os.environ.get("DEPLOYR_TOKEN"):
        session.output.note("DEPLOYR_TOKEN is still set in your environment.")


def _ask_url() -> str:
    if not sys.stdin.isatty():
        raise CliError("No backend is known.", "Name it: deployr login --url https://…")
    return str(click.prompt("Address of the backend"))


def _token() -> str:
    token = os.environ.get("DEPLOYR_TOKEN") or (
        click.prompt("Token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    )
    if stripped := str(token).strip():
        return stripped
    raise CliError(
        "No token was given.",
        "The backend's owner makes one with `flask deployr user create`, for a user who exists with "
        "`flask deployr user token EMAIL`.",
        code=ExitCode.NOT_SIGNED_IN,
    )
