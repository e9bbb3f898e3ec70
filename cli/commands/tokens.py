"""API tokens: one a machine, so that each can be revoked by itself."""

import re
from datetime import UTC, datetime

import click

from deployr.roles import Scope
from deployr.wire import wrapped

from ..asking import make_sure
from ..client import Client, Json
from ..errors import CliError, ExitCode
from ..session import Session, json_option, pass_session

_DAYS = re.compile(r"([1-9][0-9]{0,3})d")


class Lifetime(click.ParamType[int | None]):
    """Days such as 90d, or never."""

    name = "lifetime"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        """Return days; None: never."""
        if value is None or value == "never":
            return None
        if match := _DAYS.fullmatch(str(value)):
            return int(match[1])
        return self.fail(f"{value!r} is not like 90d or never", param, ctx)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def tokens(ctx: click.Context) -> None:
    """List your API tokens; with a subcommand make or revoke one.

    \b
    Example:
      deployr tokens create ci --scope deploy --expires 90d
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_tokens)


@tokens.command("list")
@json_option
@pass_session
def list_tokens(session: Session) -> None:
    """List your tokens; ● marks the one in use here. Dead ones are shown for 30 days."""
    found = _all(session.client)
    if session.output.as_json:
        session.output.data({"tokens": found})
        return
    rows = [
        (
            "●" if one["current"] else "",
            *(one["id"], one["name"], one["scope"], _shape(one), _state(one)),
            *(one["last_used_at"] or "never", one["expires_at"] or "never"),
        )
        for one in found
    ]
    headings = ("", "ID", "NAME", "SCOPE", "TOKEN", "STATE", "LAST USED", "EXPIRES")
    session.output.table(headings, rows)


@tokens.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    required=True,
    help="read: look; deploy: also deploy and cancel; admin: everything that you may.",
)
@click.option(
    "--expires", type=Lifetime(), default="90d", show_default=True, help="Days as 90d, or never."
)
@json_option
@pass_session
def create(session: Session, name: str, scope: str, expires: int | None) -> None:
    """Make a token and print it, this once, alone to standard output.

    \b
    Example:
      deployr tokens create ci --scope deploy --expires 90d
    """
    body = {"name": name, "scope": scope, "expires_in_days": expires}
    made = session.client.post("/api/tokens", wrapped(body))
    if session.output.as_json:
        session.output.data(made)
        return
    session.output.line(made["token"])
    end = f"expires {made['expires_at']}" if made["expires_at"] else "never expires"
    session.output.note(
        f"The token {made['name']} ({scope}) {end}. It is shown only now; CI takes it as DEPLOYR_TOKEN."
    )


@tokens.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def revoke(session: Session, name: str, *, yes: bool) -> None:
    """Make a token, given by its name or id, stop working at once.

    \b
    Example:
      deployr tokens revoke ci
    """
    token = _named(session.client, name)
    shown = f"{token['name']} ({_shape(token)})"
    here = ", which is in use here" if token["current"] else ""
    make_sure(f"Revoke {shown}{here}?", f"Revoking {name}", yes=yes)
    revoked = session.client.post(f"/api/tokens/{token['id']}/revoke", {})
    if session.output.as_json:
        session.output.data(revoked)
    else:
        session.output.success(f"✓ Revoked {shown}")
    if token["current"]:
        session.output.note("It was in use here: `deployr login` gets another one.")


def _all(client: Client) -> list[Json]:
    return client.all("/api/tokens", "tokens", {})


def _named(client: Client, name: str) -> Json:
    """Return the token of a name or id that is not revoked. Raises CliError."""
    called = [one for one in _all(client) if name in {one["name"], str(one["id"])}]
    found = [one for one in called if not one["revoked_at"]]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"{one['id']} ({_shape(one)})" for one in found)
        raise CliError(f"Several tokens are called {name}: {ids}.", "Give the id of one.")
    problem = f"The token {name} is revoked." if called else f"There is no token {name}."
    raise CliError(problem, "See `deployr tokens`.", code=ExitCode.NOT_FOUND)


def _shape(token: Json) -> str:
    """Return what of a token may be shown."""
    return f"{token['prefix'] or 'dpu_'}…{token['last_four']}"


def _state(token: Json) -> str:
    if token["revoked_at"]:
        return "revoked"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "expired" if token["expires_at"] and token["expires_at"] <= now else "works"
