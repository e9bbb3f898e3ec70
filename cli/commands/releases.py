"""Releases: which there are, and going back to one."""

import click

from deployr.repo import name_problem
from deployr.states import Action
from deployr.wire import DEFAULT_ENVIRONMENT

from ..asking import make_sure
from ..client import PAGE, Json
from ..deployment import Seconds, Wish, start
from ..errors import CliError
from ..goal import chosen, refusal
from ..output import short
from ..projects import require_project, shown
from ..session import Session, json_option, pass_session, project_option
from ..workspace import known_app

_ENVIRONMENT = click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)


@click.command()
@_ENVIRONMENT
@click.option("--limit", type=click.IntRange(1, PAGE), default=20, show_default=True)
@click.option("--before", type=click.IntRange(min=1), help="Go on where a list has ended.")
@project_option
@json_option
@pass_session
def releases(
    session: Session,
    *,
    environment: str,
    limit: int,
    before: int | None,
) -> None:
    """List the releases of a project, this directory's or --project, newest first; ● is live.

    `good` ones can be rolled back to, `bad` ones have failed, `pruned` ones are gone.

    \b
    Example:
      deployr releases --limit 5
    """
    project, _ = _project(session)
    page = session.client.releases(project["id"], environment, limit=limit, before=before)
    if session.output.as_json:
        session.output.data(page)
        return
    if not page["releases"]:
        session.output.note(f"{shown(project)} has no release in {environment} yet.")
        return
    rows = [
        (
            "●" if one["state"] == "live" else "",
            *(one["name"], one["state"], short(one["commit"]), one["branch"] or "-"),
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
@project_option
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
    Of a commit that was deployed several times its newest good release is taken; without RELEASE
    the good one before the live one. The database stays as it is: when migrations ran since,
    --force is needed. Exit codes as of push.

    \b
    Examples:
      deployr rollback --yes
      deployr rollback 20260203180000-7 --force
    """
    if problem := name_problem(environment):
        raise CliError(f"The environment {problem}.")
    project, path = _project(session)
    goal = _goal(session, project, environment, release)
    name = goal.get("name")
    place, to = f"{shown(project)} ({environment})", name or "the good release before the live one"
    make_sure(f"Roll {place} back to {to}?", f"Rolling back {place}", yes=yes)
    params = {"release": name, "force": "yes" if force else None, "path": path}
    wish = Wish(
        branch=goal.get("branch") or project["branch"],
        commit=goal.get("commit") or "",
        environment=environment,
        action=Action.ROLLBACK,
        params={key: value for key, value in params.items() if value},
    )
    raise SystemExit(start(session, project, wish, follow=not no_follow, timeout=timeout))


def _project(session: Session) -> tuple[Json, str | None]:
    """Return the project and deploy.yaml's path, which only a checkout has. Raises CliError."""
    if session.project_name is not None:
        return require_project(session), None
    app = known_app(session.output)
    return require_project(session, app), app.manifest.deploy.path


def _goal(session: Session, project: Json, environment: str, release: str | None) -> Json:
    """Return the release to go to, empty where the runner is to choose. Raises CliError."""
    page = session.client.releases(project["id"], environment, limit=PAGE)
    goal = {} if release is None else chosen(page["releases"], release, environment)
    if useless := refusal(page, goal):
        _unless_about_to_change(session, project, environment, useless)
    return goal


def _unless_about_to_change(
    session: Session, project: Json, environment: str, problem: CliError
) -> None:
    """Raise `problem`, unless a job that goes first may leave another release live."""
    for job in session.client.jobs(project_id=project["id"], limit=PAGE)["jobs"]:
        changes = job["environment"] == environment and job["action"] != Action.PLAN
        if changes and job["completed_at"] is None:
            return
    raise problem
