"""Members of a project: who else may see or deploy it."""

import click

from deployr.roles import Role

from .. import teams
from ..asking import make_sure
from ..client import Json
from ..errors import CliError, ExitCode
from ..projects import require_project
from ..session import Session, json_option, pass_session, project_option

_ROLE = click.Choice([role.value for role in Role])
_LOGIN = click.argument("login")
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(invoke_without_command=True)
@project_option
@json_option
@click.pass_context
def members(ctx: click.Context) -> None:
    """List a project's members; with a subcommand invite, change or remove one.

    The project is that of this directory, or of --project. A viewer sees it, a deployer also
    deploys, rolls back and cancels, an owner also changes it and its members. LOGIN is the name of
    a GitHub account.

    \b
    Examples:
      deployr members
      deployr members invite grace --role deployer
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_members)


@members.command("list")
@project_option
@json_option
@pass_session
def list_members(session: Session) -> None:
    """List the members of a project."""
    found = teams.members(session.client, require_project(session)["id"])
    if session.output.as_json:
        session.output.data({"members": found})
        return
    rows = [
        (
            *(one["handle"], one["github_login"] or "-", one["name"]),
            *(f"{one['role']} (primary)" if one["primary"] else one["role"], one["since"]),
        )
        for one in found
    ]
    session.output.table(("MEMBER", "GITHUB", "NAME", "ROLE", "SINCE"), rows)


@members.command()
@_LOGIN
@click.option("--role", type=_ROLE, required=True, help="What they may do in the project.")
@project_option
@json_option
@pass_session
def invite(session: Session, login: str, role: str) -> None:
    """Invite somebody by their GitHub login; good for 14 days.

    \b
    Example:
      deployr members invite grace --role deployer
    """
    project = require_project(session)
    invitation = teams.invite(session.client, project["id"], login, role)
    if session.output.as_json:
        session.output.data(invitation)
        return
    name = project["full_name"]
    until = invitation["expires_at"]
    session.output.success(f"✓ Invited {invitation['github_login']} to {name} as {role}")
    session.output.note(f"Tell them to run, before {until}:")
    accept = f"deployr invitations accept {name}"
    session.output.note(f"deployr login --url {session.client.url} && {accept}")


@members.command("role")
@_LOGIN
@click.argument("role", type=_ROLE)
@project_option
@json_option
@pass_session
def change_role(session: Session, login: str, role: str) -> None:
    """Change what a member may do.

    \b
    Example:
      deployr members role grace owner
    """
    project = require_project(session)
    member = _member(session, project, login)
    changed = teams.set_role(session.client, project["id"], member["user_id"], role)
    if session.output.as_json:
        session.output.data(changed)
    else:
        session.output.success(f"✓ {member['handle']} is {role} of {project['full_name']}")


@members.command()
@_LOGIN
@_YES
@project_option
@json_option
@pass_session
def remove(session: Session, login: str, *, yes: bool) -> None:
    """Remove a member from a project; what they deployed stays."""
    project = require_project(session)
    member = _member(session, project, login)
    who, name = member["handle"], project["full_name"]
    make_sure(f"Remove {who} from {name}?", f"Removing {who} from {name}", yes=yes)
    removed = teams.remove(session.client, project["id"], member["user_id"])
    if session.output.as_json:
        session.output.data(removed)
    else:
        session.output.success(f"✓ Removed {who} from {name}")


@members.command()
@_YES
@project_option
@json_option
@pass_session
def leave(session: Session, *, yes: bool) -> None:
    """Leave a project of somebody else's."""
    project = require_project(session)
    name = project["full_name"]
    make_sure(f"Leave {name}?", f"Leaving {name}", yes=yes)
    left = teams.remove(session.client, project["id"], session.client.user()["id"])
    if session.output.as_json:
        session.output.data(left)
    else:
        session.output.success(f"✓ You left {name}")


@members.command()
@project_option
@json_option
@pass_session
def invitations(session: Session) -> None:
    """List the invitations to a project that nobody has answered."""
    project = require_project(session)
    found = teams.open_invitations(session.client, project["id"])
    if session.output.as_json:
        session.output.data({"invitations": found})
        return
    if not found:
        session.output.note(f"Nobody is invited to {project['full_name']}.")
        return
    rows = [
        (one["github_login"], one["role"], one["invited_by"], one["expires_at"]) for one in found
    ]
    session.output.table(("GITHUB", "ROLE", "INVITED BY", "EXPIRES"), rows)


@members.command()
@_LOGIN
@_YES
@project_option
@json_option
@pass_session
def withdraw(session: Session, login: str, *, yes: bool) -> None:
    """Take an invitation back."""
    project = require_project(session)
    name = project["full_name"]
    found = teams.open_invitations(session.client, project["id"])
    invitation = next((one for one in found if one["github_login"] == login.lower()), None)
    if invitation is None:
        message = f"No invitation of {login} to {name} is open."
        raise CliError(message, "See `deployr members invitations`.", code=ExitCode.NOT_FOUND)
    what = f"the invitation of {login} to {name}"
    make_sure(f"Withdraw {what}?", f"Withdrawing {what}", yes=yes)
    gone = teams.withdraw(session.client, project["id"], invitation["id"])
    if session.output.as_json:
        session.output.data(gone)
    else:
        session.output.success(f"✓ Withdrew {what}")


def _member(session: Session, project: Json, login: str) -> Json:
    """Return the member with this GitHub login or handle. Raises CliError."""
    wanted, name = login.lower(), project["full_name"]
    found = [
        one
        for one in teams.members(session.client, project["id"])
        if wanted in {one["handle"], (one["github_login"] or "").lower()}
    ]
    if not found:
        advice = "See `deployr members`; who has not accepted yet: `deployr members invitations`."
        message = f"There is no member {login} of {name}."
        raise CliError(message, advice, code=ExitCode.NOT_FOUND)
    if len(found) > 1:  # the handle of one, the GitHub login of the other
        handles = ", ".join(one["handle"] for one in found)
        advice = "Say the other name of the one that you mean; see `deployr members`."
        raise CliError(f"{login} may be any of these members of {name}: {handles}.", advice)
    return dict(found[0])
