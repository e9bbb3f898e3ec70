"""Runners: the agents on your servers."""

import shlex

import click

from ..client import Json
from ..errors import CliError
from ..session import Session, json_option, pass_session
from ..workspace import App, find_project, is_interactive, read_app, runner_named


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def runners(ctx: click.Context) -> None:
    """List your runners; with a subcommand add or revoke one.

    \b
    Example:
      deployr runners add --path /var/www/my-app
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_runners)


@runners.command("list")
@json_option
@pass_session
def list_runners(session: Session) -> None:
    """List your runners."""
    found = session.client.runners()
    if session.output.as_json:
        session.output.data({"runners": found})
        return
    if not found:
        session.output.note("There is no runner yet: `deployr runners add` shows how to make one.")
        return
    rows = [
        (one["name"], _state(one), ", ".join(one["labels"]), one["version"], one["last_seen_at"])
        for one in found
    ]
    headings = ("NAME", "STATUS", "LABELS", "VERSION", "LAST SEEN")
    session.output.table(
        headings, [["-" if cell is None else cell for cell in row] for row in rows]
    )


@runners.command()
@click.option("--path", help="Where the app lives on that server; default: deploy.yaml's.")
@click.option("--name", help="Name of the runner; default: the server's host name.")
@json_option
@pass_session
def add(session: Session, path: str | None, name: str | None) -> None:
    """Print the line that makes a server of yours a runner for this directory's app.

    The line holds a code that works once, for 15 minutes. Run it on the server; it writes down
    there what the runner may deploy: this repository and branch, to this path, nothing else. On a
    server that is a runner already the second line adds this app to its list.

    \b
    Example:
      deployr runners add --path /var/www/my-app
    """
    app = read_app(session.output)
    path = path or app.manifest.deploy.path or _ask_path(app)
    # The runner compares letter by letter with what the jobs of the project will say.
    project = find_project(session.client, app) or {"name": app.name, "repo_url": app.repo_url}
    code = session.client.create_code()
    allowed = ["--project", project["name"]]
    repo, branch = project["repo_url"], app.default_branch
    register = ["deployr-runner", "register", "--url", session.client.url, "--code", code["code"]]
    register += [*allowed, "--allow-repo", repo, "--allow-branch", branch, "--path", path]
    register += ["--name", name] if name else []
    register += ["--label", app.manifest.runs_on] if app.manifest.runs_on else []
    allow = ["deployr-runner", "allow", "add", *allowed]
    allow += ["--repo", repo, "--branch", branch, "--path", path]
    commands = {"command": shlex.join(register), "allow_command": shlex.join(allow)}
    if session.output.as_json:
        session.output.data({**code, **commands})
        return
    session.output.note(f"Run this on the server, before {code['expires_at']}:")
    session.output.line(commands["command"])
    session.output.note("Then start it: deployr-runner run")
    session.output.note("On a server that is a runner of yours already, run this instead:")
    session.output.note(commands["allow_command"])


@runners.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def revoke(session: Session, name: str, *, yes: bool) -> None:
    """End a runner's access; its token stops working at once."""
    runner = runner_named(session.client, name)
    if not yes:
        if not is_interactive():
            raise CliError(f"Revoking {name} needs --yes when nobody can be asked.")
        click.confirm(f"Revoke {name}?", abort=True)
    revoked = session.client.revoke_runner(runner["id"])
    if session.output.as_json:
        session.output.data(revoked)
    else:
        session.output.success(f"✓ Revoked {name}")


def _ask_path(app: App) -> str:
    if not is_interactive():
        raise CliError(
            "Where does the app live on the server?",
            "Say --path /var/www/…, or set deploy.path in deploy.yaml.",
        )
    default = f"/var/www/{app.name}"
    return str(click.prompt("Path of the app on the server", default=default))


def _state(runner: Json) -> str:
    return "revoked" if runner["revoked_at"] else str(runner["status"])
