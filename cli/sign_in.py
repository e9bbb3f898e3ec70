"""The ways to a token of the backend: through GitHub, or one that somebody has made."""

import os
import re
import socket
import sys
import webbrowser

import click

from .client import Client
from .config import Account
from .errors import CliError, ExitCode
from .github import GithubApp, by_browser, by_device
from .output import Output

_MAX_NAME = 64


def through_github(url: str, output: Output, *, web: bool) -> str | None:
    """Return a token of the backend, or None when it has no GitHub app."""
    client = Client(Account(url=url, token=""))
    app = GithubApp.of(client)
    if app is None:
        return None

    def show(address: str, code: str | None) -> None:
        output.note(f"Open {address}" + (f" and enter the code {code}" if code else ""))
        if _has_browser():
            webbrowser.open(address)
        output.note("Waiting for GitHub … (Ctrl-C stops)")

    proof = (by_browser if web else by_device)(app, show)
    return str(client.post("/api/auth/github", {**proof, "name": _token_name()})["token"])


def given_token() -> str:
    """Return the token of the environment, standard input or a prompt. Raises CliError."""
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


def _token_name() -> str:
    host = re.sub(r"[^!-~]+", "-", socket.gethostname())
    return f"deployr on {host}"[:_MAX_NAME]


def _has_browser() -> bool:
    """Tell whether somebody sits here before a screen; a browser of the terminal is of no use."""
    screen = {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & os.environ.keys()
    return sys.stdin.isatty() and (bool(screen) or sys.platform in {"darwin", "win32"})
