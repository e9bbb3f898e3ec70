"""Releases: which there are, and going back to one."""

import re
from collections.abc import Sequence

import click

from deployr.repo import name_problem
from deployr.states import Action
from deployr.wire import DEFAULT_ENVIRONMENT

from ..client import PAGE, Json
from ..deployment import Seconds, Wish, start
from ..errors import CliError, ExitCode
from ..session import Session, json_option, pass_session
from ..workspace import is_interactive, read_app, require_project

_WHOLE_NAME = re.compile(r"\d{14}-\d+")
_LEAST_OF_COMMIT = 4

_ENVIRONMENT = click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)


@click.command()
@_ENVIRONMENT
@click.option("--limit", type=click.IntRange(1, PAGE), default=20, show_default=True)
@click.option("--before", type=click.IntRange(min=1), help="Go on where a list has ended.")
@json_option
@pass_session
def releases(session: Session, *, environment: str, limit: int, before: int | None) -> None:
    """List the releases of this directory's project, newest first; ● marks the live one.

    `good` ones can be rolled back to, `bad` ones have failed, `pruned` ones are gone.

    \b
    Example:
      deployr releases --limit 5
    """
    project = require_project(session.client, session.output)
    page = session.client.releases(project["id"], environment, limit=limit, before=before)
    if session.output.as_json:
        session.output.data(page)
        return
    if not page["releases"]:
        session.output.note(f"{project['name']} has no release in {environment} yet.")
        return
    rows = [
        (
            "●" if one["state"] == "live" else "",
            *(one["name"], one["state"], one["commit"][:12], one["branch"] or "-"),
            *(one["job_id"] or "-", one["created_at"]),
        )
        for one in page["releases"]
    ]
    headings = ("", "RELEASE", "STATE", "COMMIT", "BRANCH", "JOB", "CREATED")
    session.output.table(headings, rows)
    if page["next"]:
        session.output.note(f"Older ones: deployr releases --before {page['next']}")


@click.command()
@click.argument("release", required=False)
@_ENVIRONMENT
@click.option("--force", is_flag=True, help="Go back although database migrations ran since.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--timeout", type=Seconds(), help="Stop following after 90s, 30m, 1h.")
@click.option("--no-follow", is_flag=True, help="Queue the rollback and return at once.")
@json_option
@pass_session
def rollback(  # noqa: PLR0913 - one parameter an option, as click hands them over
    session: Session,
    *,
    release: str | None,
    environment: str,
    force: bool,
    yes: bool,
    timeout: float | None,
    no_follow: bool,
) -> None:
    """Make an earlier release live again, and follow it to its end.

    RELEASE is the name of a release, its beginning, or that of its commit; see deployr releases.
    Without it the good release before the live one is taken. The database stays as it is: when
    migrations ran since, --force is needed. Exit codes as of push.

    \b
    Examples:
      deployr rollback --yes
      deployr rollback 20260203180000-7 --force
    """
    if problem := name_problem(environment):
        raise CliError(f"The environment {problem}.")
    app = read_app(session.output)
    project = require_project(session.client, session.output, app)
    goal: Json = {}
    if release is not None:
        known = session.client.releases(project["id"], environment, limit=PAGE)["releases"]
        goal = _goal(known, release, environment)
    name = goal.get("name")
    _confirm(f"{project['name']} ({environment})", name, yes=yes)
    params = {"release": name, "force": "yes" if force else None, "path": app.manifest.deploy.path}
    wish = Wish(
        branch=goal.get("branch") or project["branch"],
        commit=goal.get("commit") or "",
        environment=environment,
        action=Action.ROLLBACK,
        params={key: value for key, value in params.items() if value},
    )
    raise SystemExit(start(session, project, wish, follow=not no_follow, timeout=timeout))


def _confirm(place: str, name: str | None, *, yes: bool) -> None:
    if yes:
        return
    if not is_interactive():
        raise CliError(f"Rolling back {place} needs --yes when nobody can be asked.")
    to = name or "the good release before the live one"
    click.confirm(f"Roll {place} back to {to}?", abort=True)


def _goal(known: Sequence[Json], text: str, environment: str) -> Json:
    """Return the one release that `text` stands for. Raises CliError."""
    found = {one["name"]: one for one in reversed(known) if _is_meant(one, text)}
    if exact := found.get(text):
        return exact
    # Those that are gone matter only where nothing else is meant.
    standing = {name: one for name, one in found.items() if one["state"] != "pruned"} or found
    if len(standing) > 1:
        lines = [
            f"  {name}  {one['commit'][:12]}  {one['state']}"
            for name, one in reversed(standing.items())
        ]
        message = f"Several releases begin with {text}, or their commits do:"
        raise CliError("\n".join([message, *lines]), "Say more of the one that you mean.")
    if standing:
        return next(iter(standing.values()))
    if _WHOLE_NAME.fullmatch(text):
        return {"name": text}  # its runner may know it all the same
    raise CliError(
        f"No release in {environment} begins with {text!r}, nor does the commit of one.",
        f"See `deployr releases`; of a commit say at least {_LEAST_OF_COMMIT} characters.",
        code=ExitCode.NOT_FOUND,
    )


def _is_meant(release: Json, text: str) -> bool:
    if not text:
        return False
    name, commit = str(release["name"]), str(release["commit"])
    by_commit = len(text) >= _LEAST_OF_COMMIT and commit.startswith(text.lower())
    return by_commit or name.startswith(text)
