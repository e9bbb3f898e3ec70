"""Projects: what is deployed from where."""

import click

from ..asking import make_sure
from ..errors import CliError
from ..output import safe
from ..projects import project_named, shown
from ..runners import runner_for, shared_with
from ..runners import shown as shown_runner
from ..session import Session, json_option, pass_session


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def projects(ctx: click.Context) -> None:
    """List your projects; with a subcommand show, change or delete one.

    NAME is the name of a project, as owner/name when several that you see have the same.

    \b
    Example:
      deployr projects
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_projects)


@projects.command("list")
@json_option
@pass_session
def list_projects(session: Session) -> None:
    """List your projects and those in which you are a member."""
    found = session.client.projects()
    if session.output.as_json:
        session.output.data({"projects": found})
        return
    if not found:
        session.output.note("There is no project yet: `deployr push --create` makes one.")
        return
    me = session.handle
    rows = [
        (
            *(one["name"] if one["owner_name"] == me else one["full_name"], one["role"]),
            *(one["owner_name"], one["framework"] or "detected", one["branch"], one["repo_url"]),
        )
        for one in found
    ]
    session.output.table(("NAME", "ROLE", "OWNER", "FRAMEWORK", "BRANCH", "REPOSITORY"), rows)


@projects.command()
@click.argument("name")
@json_option
@pass_session
def show(session: Session, name: str) -> None:
    """Show one project."""
    project = project_named(session.client, name)
    if session.output.as_json:
        session.output.data(project)
        return
    names = {one["id"]: shown_runner(one) for one in session.client.runners()}
    for key, value in (project | {"runner": names.get(project["runner_id"])}).items():
        session.output.line(f"{key + ':':<13} {'-' if value is None else safe(str(value))}")


@projects.command()
@click.argument("name")
@click.option("--name", "new_name", help="New name; the runner's list must follow.")
@click.option("--repo-url", help="New address of the repository; likewise.")
@click.option("--branch", help="New default branch.")
@click.option("--runner", help="Name of the runner that takes its jobs.")
@click.option("--runs-on", help="Label of the runners that take its jobs, in place of one runner.")
@json_option
@pass_session
def update(session: Session, /, name: str, runner: str | None, **given: str | None) -> None:
    """Change one project.

    \b
    Example:
      deployr projects update my-app --runner web-2
    """
    client = session.client
    project = project_named(client, name)
    fields: dict[str, object] = {
        key.removeprefix("new_"): value for key, value in given.items() if value
    }
    if runner and fields.get("runs_on"):
        raise CliError("--runner and --runs-on exclude each other.")
    if runner:
        fields |= {"runner_id": runner_for(client, project, runner)["id"], "runs_on": None}
    if not fields:
        raise CliError("Nothing to change was named.", "See deployr projects update --help.")
    shared = shared_with(client, project) if fields.keys() & {"name", "repo_url"} else []
    changed = client.update_project(project["id"], fields)
    if session.output.as_json:
        session.output.data(changed)
        return
    session.output.success(f"✓ Changed {shown(changed)}")
    if shared and not shared_with(client, changed):
        again = f"deployr runners share NAME --project {changed['full_name']}"
        session.output.note(f"No longer shared with it: {', '.join(shared)}. Their owners: {again}")


@projects.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def delete(session: Session, name: str, *, yes: bool) -> None:
    """Delete a project with its jobs and logs; the deployed app stays on the server."""
    project = project_named(session.client, name)
    make_sure(f"Delete {name} with all its jobs and logs?", f"Deleting {name}", yes=yes)
    deleted = session.client.delete_project(project["id"])
    if session.output.as_json:
        session.output.data(deleted)
        return
    session.output.success(f"✓ Deleted {name}; what is deployed stays on the server")
