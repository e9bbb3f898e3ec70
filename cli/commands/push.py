"""Deploying a commit."""

from dataclasses import replace

import click

from deployr.manifest import FILE_NAME, Manifest
from deployr.repo import branch_problem, name_problem
from deployr.roles import Role
from deployr.states import Action
from deployr.wire import DEFAULT_ENVIRONMENT

from ..asking import is_interactive
from ..client import Client, Json
from ..deployment import Seconds, Wish, start
from ..errors import ApiError, CliError, ExitCode
from ..projects import find_project, new_name, no_such_project
from ..runners import runner_for
from ..session import Session, json_option, pass_session, project_option
from ..teams import invitation_hint
from ..workspace import App, parse_manifest, read_app


@click.command()
@click.option("--branch", help="Branch to deploy; default: deploy.yaml's, else the current one.")
@click.option("--commit", help="Commit of that branch; default: its newest.")
@click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)
@click.option("--create", is_flag=True, help="Create the project on first push without asking.")
@click.option("--runner", "runner_name", help="Make this the project's runner.")
@click.option("--no-cache", is_flag=True, help="Build without what earlier deployments left.")
@click.option(
    "--verify", is_flag=True, help="target: cpanel: compare every byte that the host has already."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done; changes nothing.")
@click.option("--timeout", type=Seconds(), help="Stop following after 90s, 30m, 1h.")
@click.option("--no-follow", is_flag=True, help="Queue the deployment and return at once.")
@project_option
@json_option
@pass_session
def push(  # noqa: PLR0913 - one parameter an option, as click hands them over
    session: Session,
    *,
    branch: str | None,
    commit: str | None,
    environment: str,
    create: bool,
    runner_name: str | None,
    no_cache: bool,
    verify: bool,
    dry_run: bool,
    timeout: float | None,
    no_follow: bool,
) -> None:
    """Deploy a commit that is pushed to git, and follow it to its end.

    With --dry-run the runner checks everything and logs each step that it would take. Exit codes:
    0 completed (could be deployed), 1 deployment failed (could not), 2 usage or deploy.yaml, 3 not
    signed in, 4 not found, 5 backend unreachable, 6 --timeout passed, 130 Ctrl-C.

    \b
    Examples:
      deployr push --create
      deployr push --branch release --commit 1a2b3c4
    """
    if dry_run and runner_name:
        raise CliError("--dry-run changes nothing: leave out --runner.")
    app = read_app(session.output)
    wish, manifest = _wish(app, branch, commit, environment)
    params = {"cache": "no"} if no_cache else {}
    params |= {"verify": "yes"} if verify else {}
    wish = replace(wish, params={**wish.params, **params})
    if dry_run:
        wish = replace(wish, action=Action.PLAN)
    client = session.client
    _warn(session, app, wish)
    project = find_project(session, app) or _created(session, app, create=create)
    _check_role(session, project)
    if not dry_run:
        _direct(client, project, manifest, runner_name)
    raise SystemExit(start(session, project, wish, follow=not no_follow, timeout=timeout))


def _direct(client: Client, project: Json, manifest: Manifest, runner_name: str | None) -> None:
    """Send the project's jobs to the runner or label that is asked for. Raises CliError."""
    label = manifest.runs_on
    if runner_name and label:
        raise CliError(
            f"deploy.yaml says runs_on: {label}, which leaves no choice to --runner.",
            "Take runs_on out of it, or leave out --runner.",
        )
    wanted: Json = {}
    if runner_name:
        wanted = {"runner_id": runner_for(client, project, runner_name)["id"], "runs_on": None}
    elif label:
        wanted = {"runs_on": label}
    if all(project[name] == value for name, value in wanted.items()):
        return
    try:
        client.update_project(project["id"], wanted)
    except ApiError as error:
        who = {"role_too_small": "an owner", "scope_too_small": "a token of scope admin"}
        if error.problem_code in who:
            where = "--runner" if runner_name else f"runs_on: {label} of deploy.yaml"
            needed = f"push it first with {who[error.problem_code]}"
            error.advice = f"{where} is not what the project has; {needed}."
        raise


def _wish(
    app: App, branch: str | None, commit: str | None, environment: str
) -> tuple[Wish, Manifest]:
    branch = branch or app.default_branch
    for what, problem in (
        ("branch", branch_problem(branch)),
        ("environment", name_problem(environment)),
    ):
        if problem:
            raise CliError(f"The {what} {problem}.")
    checkout = app.checkout
    found = checkout.commit_of(commit) if commit else checkout.tip_of(branch)
    if not found:
        missing = f"commit {commit}" if commit else f"commit on the branch {branch}"
        raise CliError(f"There is no {missing} here.", "Fetch or commit it first.")
    text = checkout.file_at(found, FILE_NAME) or ""
    manifest = parse_manifest(text, f"{found[:12]}:{FILE_NAME}")
    path = manifest.deploy.path
    params = {"path": path} if path else {}
    return Wish(branch=branch, commit=found, environment=environment, params=params), manifest


def _warn(session: Session, app: App, wish: Wish) -> None:
    """Say what a deployment of the pushed commit will not contain."""
    note, checkout = session.output.note, app.checkout
    if wish.branch != checkout.branch():
        note(f"Deploying the branch {wish.branch}, not the one that is checked out.")
    if checkout.is_dirty():
        note("Warning: uncommitted changes are not deployed.")
    if checkout.is_pushed(wish.commit, wish.branch) is False:
        note(
            f"Warning: {wish.commit[:12]} is not on {checkout.remote()}/{wish.branch}: "
            "the runner can't fetch it until you `git push`."
        )


def _check_role(session: Session, project: Json) -> None:
    """Refuse what the backend would refuse, with more advice. Raises CliError."""
    if Role(project["role"]).covers(Role.DEPLOYER):
        return
    raise CliError(
        f"You are a {project['role']} of {project['full_name']}; "
        f"deploying needs the role {Role.DEPLOYER}.",
        "Ask one of its owners (`deployr members`), or make a project of your own: "
        f"deployr push --create --project {session.handle}/{project['name']}",
        code=ExitCode.NOT_SIGNED_IN,
    )


def _created(session: Session, app: App, *, create: bool) -> Json:
    name = new_name(session, app)
    if not create and not is_interactive():
        raise no_such_project(session, app)
    if hint := invitation_hint(session.client, name):
        session.output.note(hint)
    if not create and not click.confirm(
        f"Create the project {name} for {app.repo_url}?", default=True
    ):
        advice = "`deployr push --create` creates it."
        raise CliError("Nothing was deployed.", advice, code=ExitCode.NOT_FOUND)
    fields = {
        "name": name,
        "repo_url": app.repo_url,
        "framework": app.manifest.project.framework,
        "target": app.manifest.project.target,
        "branch": app.default_branch,
        "runs_on": app.manifest.runs_on,
    }
    try:
        return session.client.create_project({key: value for key, value in fields.items() if value})
    except ApiError as error:
        if error.problem_code == "scope_too_small":
            error.advice = (
                f"The project {name} has to be there first: sign in and push --create once."
            )
        raise
