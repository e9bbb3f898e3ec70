"""Signing in and out."""

import os
import sys
from http import HTTPStatus

import click

from ..client import Client
from ..config import Account, checked_url, forget, save, saved_account, saved_url
from ..errors import ApiError, CliError
from ..session import Session, json_option, pass_session
from ..sign_in import given_token, through_github


@click.command()
@click.option("--url", help="Address of the backend, such as https://deployr.example.com.")
@click.option("--web", is_flag=True, help="Let a browser on this machine come back by itself.")
@click.option("--token", "by_token", is_flag=True, help="Take a token that exists (CI).")
@json_option
@pass_session
def login(session: Session, url: str | None, *, web: bool, by_token: bool) -> None:
    """Sign in with GitHub and remember the token.

    Shows a code to enter at GitHub, in a browser anywhere. With --token, or where the backend has
    no GitHub app, the token comes from DEPLOYR_TOKEN, from standard input, or from a prompt that
    does not show it; never from the command line, where other users of the machine could see it.

    \b
    Example:
      deployr login --url https://deployr.example.com
    """
    if web and by_token:
        raise click.UsageError("Choose one of --web and --token.")
    address = checked_url(url or saved_url() or _ask_url())
    token = None if by_token else through_github(address, session.output, web=web)
    if token is None:
        if not by_token:
            _tell_no_github(session, web=web)
        token = given_token()
    account = Account(url=address, token=token)
    user = Client(account).user()
    save(account)
    if session.output.as_json:
        session.output.data(user)
    else:
        session.output.success(f"✓ Signed in to {account.url} as {user['name']} ({user['email']})")
    if os.environ.get("DEPLOYR_TOKEN") not in {None, "", token}:
        session.output.note("DEPLOYR_TOKEN of your environment is used in place of this token.")


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
    if token := user.get("token"):
        end = f"expires {token['expires_at']}" if token["expires_at"] else "never expires"
        session.output.line(f"Token {token['name']}: scope {token['scope']}, {end}")


@click.command()
@json_option
@pass_session
def logout(session: Session) -> None:
    """Revoke the token that is saved on this machine, and forget it."""
    revoked = _revoked(session)
    existed = forget()
    if session.output.as_json:
        session.output.data({"signed_out": existed, "revoked": revoked})
    else:
        session.output.line("Signed out." if existed else "You were not signed in.")
    if os.environ.get("DEPLOYR_TOKEN"):
        session.output.note("DEPLOYR_TOKEN is still set in your environment.")


def _revoked(session: Session) -> bool:
    """Tell whether the saved token is dead at its backend now. Whatever comes, one can leave."""
    try:
        account = saved_account()
        if account is not None:
            _revoke(Client(account))
    except CliError as error:
        if isinstance(error, ApiError) and error.status == HTTPStatus.UNAUTHORIZED:
            return True
        session.output.note(f"Warning: the token was not revoked and works on: {error.message}")
        session.output.note("Once you are signed in again: `deployr tokens revoke`.")
        return False
    return account is not None


def _revoke(client: Client) -> None:
    token = client.user().get("token")
    if token is None:
        raise CliError("this backend is too old for that.")
    client.post(f"/api/tokens/{token['id']}/revoke", {})


def _ask_url() -> str:
    if not sys.stdin.isatty():
        raise CliError("No backend is known.", "Name it: deployr login --url https://…")
    return str(click.prompt("Address of the backend"))


def _tell_no_github(session: Session, *, web: bool) -> None:
    message = "This backend has no GitHub app."
    advice = "Its operator makes a token with `flask deployr user create`"
    if web:
        raise CliError(message, f"{advice}; then: deployr login --token")
    session.output.note(f"{message} {advice}.")
