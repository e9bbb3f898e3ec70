"""Runners: the agents on your servers."""

import shlex

import click

from deployr import __version__

from ..asking import make_sure
from ..client import Json
from ..installer import OtherProgramError, offered
from ..places import Place, place_for
from ..projects import find_project, new_name, require_project
from ..runners import own_runner, runner_named, shown
from ..runners import share as share_runner
from ..runners import unshare as unshare_runner
from ..session import Session, json_option, pass_session, project_option
from ..workspace import App, read_app


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def runners(ctx: click.Context) -> None:
    """List your runners; with a subcommand add, share or revoke one.

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
    """List your runners and those that are shared with a project that you see."""
    found = session.client.runners()
    if session.output.as_json:
        session.output.data({"runners": found})
        return
    if not found:
        session.output.note("There is no runner yet: `deployr runners add` shows how to make one.")
        return
    rows = [
        (
            *(shown(one), _state(one), "" if one["mine"] else one["owner_name"]),
            *(", ".join(one["projects"]), ", ".join(one["labels"])),
            *(one["version"] or "-", one["last_seen_at"] or "-"),
        )
        for one in found
    ]
    headings = ("NAME", "STATUS", "OWNER", "SHARED WITH", "LABELS", "VERSION", "LAST SEEN")
    session.output.table(headings, rows)


@runners.command()
@click.option("--path", help="Where the app lives on that server; default: deploy.yaml's.")
@click.option("--name", help="Name of the runner; default: the server's host name.")
@click.option("--host", help="For target: cpanel, the runner's name for the host with the account.")
@click.option("--docroot", help="For target: cpanel, the directory that the web server serves.")
@click.option("--domain", help="For target: cpanel, the sub- or addon domain that serves it.")
@project_option
@json_option
@pass_session
def add(session: Session, /, name: str | None, **given: str | None) -> None:
    """Print the line that makes a server of yours a runner for this directory's app.

    The line holds a code that works once, for 15 minutes. Run it on the server; it writes down
    there what the runner may deploy: this repository and branch, to this path, nothing else. On a
    server that is a runner already the second line adds this app to its list.

    With target: cpanel in deploy.yaml the app goes to a hosting account: by SSH with --host, which
    one more line tells the runner how to reach; else to the account that the runner is in.

    \b
    Examples:
      deployr runners add --path /var/www/my-app
      deployr runners add --host hoster --path /home/me/my-app --docroot /home/me/public_html
    """
    app = read_app(session.output)
    place = place_for(app, **given)
    # The runner compares letter by letter with what the jobs of the project will say.
    project = find_project(session, app) or _to_be_made(session, app)
    lines = _lines(session, app, project, place, name)
    lines |= _installer(session, lines["command"], root=not place.docroot or bool(place.host))
    if session.output.as_json:
        session.output.data(lines)
        return
    _show(session, lines)
    if project["owner_name"] != session.handle:
        session.output.note(f"{project['full_name']} is not yours: then share the runner with it:")
        session.output.note(
            f"deployr runners share {name or 'NAME'} --project {project['full_name']}"
        )


@runners.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def revoke(session: Session, name: str, *, yes: bool) -> None:
    """End a runner's access; its token stops working at once."""
    runner = own_runner(session.client, name)
    make_sure(f"Revoke {name}?", f"Revoking {name}", yes=yes)
    revoked = session.client.revoke_runner(runner["id"])
    if session.output.as_json:
        session.output.data(revoked)
    else:
        session.output.success(f"✓ Revoked {name}")


@runners.command()
@click.argument("name")
@project_option
@json_option
@pass_session
def share(session: Session, name: str) -> None:
    """Let the jobs of a project, this directory's or --project, go to a runner of yours.

    Its deployers may then run what they push on that server, as far as the list there allows.

    \b
    Example:
      deployr runners share web-1 --project ada/shop
    """
    runner, project = own_runner(session.client, name), require_project(session)
    shared = share_runner(session.client, runner["id"], project["id"])
    if session.output.as_json:
        session.output.data(shared)
        return
    session.output.success(f"✓ {runner['name']} may take the jobs of {project['full_name']}")
    allow = ["deployr-runner", "allow", "add", "--project", project["name"]]
    allow += ["--project-id", str(project["id"]), "--repo", project["repo_url"]]
    allow += ["--branch", project["branch"], "--path"]
    session.output.note("On its server allow the project, where it is not on the list yet:")
    session.output.note(f"{shlex.join(allow)} /var/www/…")


@runners.command()
@click.argument("name")
@project_option
@json_option
@pass_session
def unshare(session: Session, name: str) -> None:
    """Keep the jobs of a project, this directory's or --project, from a runner.

    It is a runner of yours, or the project is.

    \b
    Example:
      deployr runners unshare web-1 --project ada/shop
    """
    runner, project = runner_named(session.client, name), require_project(session)
    unshared = unshare_runner(session.client, runner["id"], project["id"])
    if session.output.as_json:
        session.output.data(unshared)
        return
    session.output.success(f"✓ {shown(runner)} takes no jobs of {project['full_name']} any more")


def _to_be_made(session: Session, app: App) -> Json:
    """Return what the first push will make."""
    name, owner = new_name(session, app), session.handle
    full_name = f"{owner}/{name}"
    return {"name": name, "owner_name": owner, "full_name": full_name, "repo_url": app.repo_url}


def _lines(session: Session, app: App, project: Json, place: Place, name: str | None) -> Json:
    """Return a new code, and the commands that make a runner or extend the list of one."""
    code = session.client.create_code()
    allowed = ["--project", project["name"]]
    allowed += ["--project-id", str(project["id"])] if "id" in project else []
    repo, branch = project["repo_url"], app.default_branch
    register = ["deployr-runner", "register", "--url", session.client.url, "--code", code["code"]]
    register += [*allowed, "--allow-repo", repo, "--allow-branch", branch, *place.words]
    register += ["--name", name] if name else []
    register += ["--label", app.manifest.runs_on] if app.manifest.runs_on else []
    allow = ["deployr-runner", "allow", "add", *allowed]
    allow += ["--repo", repo, "--branch", branch, *place.words]
    target = {"target_command": shlex.join(place.target_words)} if place.host else {}
    commands = {"command": shlex.join(register), "allow_command": shlex.join(allow)}
    return {**code, **target, **commands}


def _installer(session: Session, register: str, *, root: bool) -> Json:
    """Return the lines that download, install and register in one go, where the backend can."""
    words = shlex.split(register)[2:]
    try:
        offer = offered(session.client)
    except OtherProgramError as error:
        session.output.note(
            f"Take care: as version {__version__} the backend offers another program than this one "
            f"({error}). So no line is printed that downloads it. Upgrade deployr, or ask the "
            "backend's operator; from a checkout you trust, ./install-runner.sh takes the options "
            "of the line below."
        )
        return {}
    if offer is None:
        return {}
    if offer.sums is None:
        session.output.note(
            f"The backend offers version {offer.version} and this is {__version__}: what the line "
            "downloads was not compared."
        )
        return {"install_command": offer.line(words, root=root)}
    lines = {"install_command": offer.line(words, root=root)}
    return lines | {"checked_install_command": offer.checked_line(words, root=root)}


def _show(session: Session, lines: Json) -> None:
    line, note = session.output.line, session.output.note
    if "target_command" in lines:
        note("Tell the runner how to reach the hosting account; HOST is the hoster's SSH server,")
        note("USER your name there. Keys and passwords stay with the runner:")
        line(lines["target_command"])
    note(f"Run this on the server, before {lines['expires_at']}:")
    if "install_command" in lines:
        line(lines["install_command"])
        if checked := lines.get("checked_install_command"):
            note("Or this, which runs nothing but what this deployr knows byte by byte:")
            note(checked)
        note("Where deployr-runner is installed but not registered:")
        note(lines["command"])
    else:
        line(lines["command"])
        note("Then start it: deployr-runner run")
    note("On a server that is a runner of yours already, run this instead:")
    note(lines["allow_command"])


def _state(runner: Json) -> str:
    return "revoked" if runner["revoked_at"] else str(runner["status"])
