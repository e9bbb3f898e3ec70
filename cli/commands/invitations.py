"""Invitations to projects of others."""

import click

from .. import teams
from ..asking import make_sure
from ..client import Json
from ..errors import CliError, ExitCode
from ..names import is_called
from ..session import Session, json_option, pass_session

_PROJECT = click.argument("project")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def invitations(ctx: click.Context) -> None:
    """List the projects that you are invited to; with a subcommand answer.

    They come to your GitHub login: sign in with `deployr login` through GitHub.

    \b
    Examples:
      deployr invitations
      deployr invitations accept ada/shop
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_invitations)


@invitations.command("list")
@json_option
@pass_session
def list_invitations(session: Session) -> None:
    """List the projects that you are invited to."""
    found = teams.my_invitations(session.client)
    if session.output.as_json:
        session.output.data({"invitations": found})
        return
    if not found:
        session.output.note("You are invited to no project.")
        return
    rows = [(one["project"], one["role"], one["invited_by"], one["expires_at"]) for one in found]
    session.output.table(("PROJECT", "ROLE", "INVITED BY", "EXPIRES"), rows)
    session.output.note("To join one: deployr invitations accept PROJECT")


@invitations.command()
@_PROJECT
@json_option
@pass_session
def accept(session: Session, project: str) -> None:
    """Become a member of a project that you are invited to.

    \b
    Example:
      deployr invitations accept ada/shop
    """
    joined = teams.accept(session.client, _invitation(session, project)["id"])
    if session.output.as_json:
        session.output.data(joined)
        return
    session.output.success(f"✓ You are {joined['role']} of {joined['full_name']}")
    session.output.note(f"Its code is at {joined['repo_url']}; in a clone of it: deployr status")


@invitations.command()
@_PROJECT
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def decline(session: Session, project: str, *, yes: bool) -> None:
    """Turn an invitation down."""
    invitation = _invitation(session, project)
    what = f"the invitation to {invitation['project']}"
    make_sure(f"Decline {what}?", f"Declining {what}", yes=yes)
    declined = teams.decline(session.client, invitation["id"])
    if session.output.as_json:
        session.output.data(declined)
    else:
        session.output.success(f"✓ Declined {what}")


def _invitation(session: Session, name: str) -> Json:
    """Return the invitation to the project of a name. Raises CliError."""
    found = [one for one in teams.my_invitations(session.client) if is_called(one["project"], name)]
    if len(found) > 1:
        names = ", ".join(sorted(one["project"] for one in found))
        raise CliError(
            f"You are invited to several projects named {name}: {names}.",
            "Name one of them as owner/name.",
        )
    if found:
        return found[0]
    advice = (
        "See `deployr invitations`; they come to your GitHub login (`deployr login`) and are open "
        "for 14 days: ask for another one."
    )
    raise CliError(f"You have no invitation to {name}.", advice, code=ExitCode.NOT_FOUND)
