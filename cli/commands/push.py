"""Deploying a commit."""

import base64
import re
import time
import uuid
from dataclasses import dataclass

import click

from deployr.manifest import FILE_NAME, Manifest
from deployr.repo import branch_problem, name_problem
from deployr.states import Action
from deployr.wire import DEFAULT_ENVIRONMENT, JobSpec

from ..client import Json
from ..errors import ApiError, CliError, ExitCode
from ..follow import Follower, exit_code, how_to_return, print_result
from ..session import Session, json_option, pass_session
from ..workspace import (
    App,
    find_project,
    is_interactive,
    parse_manifest,
    read_app,
    runner_named,
)

QUEUE_SECONDS = 24 * 3600
_DURATION = re.compile(r"([1-9][0-9]*)(s|m|h)?")
_UNITS = {None: 1, "s": 1, "m": 60, "h": 3600}


class Seconds(click.ParamType[float]):
    """A time span such as 90, 90s, 30m or 1h."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        match = _DURATION.fullmatch(str(value))
        if not match:
            self.fail(f"{value!r} is not like 90, 90s, 30m or 1h", param, ctx)
        return int(match[1]) * _UNITS[match[2]]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be deployed."""

    branch: str
    commit: str
    environment: str
    manifest: Manifest


@click.command()
@click.option("--branch", help="Branch to deploy; default: deploy.yaml's, else the current one.")
@click.option("--commit", help="Commit of that branch; default: its newest.")
@click.option("--environment", default=DEFAULT_ENVIRONMENT, show_default=True)
@click.option("--create", is_flag=True, help="Create the project on first push without asking.")
@click.option("--runner", "runner_name", help="Make this the project's runner.")
@click.option("--timeout", type=Seconds(), help="Stop following after 90s, 30m, 1h.")
@click.option("--no-follow", is_flag=True, help="Queue the deployment and return at once.")
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
    timeout: float | None,
    no_follow: bool,
) -> None:
    """Deploy a commit that is pushed to git, and follow it to its end.

    Exit codes: 0 completed, 1 deployment failed, 2 usage or deploy.yaml, 3 not signed in,
    4 not found, 5 backend unreachable, 6 --timeout passed, 130 Ctrl-C.

    \b
    Examples:
      deployr push --create
      deployr push --branch release --commit 1a2b3c4
    """
    app = read_app(session.output)
    wish = _wish(app, branch, commit, environment)
    client = session.client
    _warn(session, app, wish)
    project = find_project(client, app) or _created(session, app, create=create)
    if runner_name:
        runner = runner_named(client, runner_name)
        client.update_project(project["id"], {"runner_id": runner["id"]})
    job = _queued(session, project, wish)
    if no_follow:
        _print_queued(session, job)
        return
    session.output.note(f"Job {job['id']}: {project['name']} {wish.branch} {wish.commit[:12]}")
    raise SystemExit(_followed(session, job, timeout))


def _wish(app: App, branch: str | None, commit: str | None, environment: str) -> Wish:
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
    return Wish(branch=branch, commit=found, environment=environment, manifest=manifest)


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


def _created(session: Session, app: App, *, create: bool) -> Json:
    if not create:
        advice = "`deployr push --create` creates it."
        if not is_interactive():
            message = f"There is no project {app.name} for {app.repo_url}."
            raise CliError(message, advice, code=ExitCode.NOT_FOUND)
        if not click.confirm(f"Create the project {app.name} for {app.repo_url}?", default=True):
            raise CliError("Nothing was deployed.", advice, code=ExitCode.NOT_FOUND)
    fields = {
        "name": app.name,
        "repo_url": app.repo_url,
        "framework": app.manifest.project.framework,
        "target": app.manifest.project.target,
        "branch": app.default_branch,
        "runs_on": app.manifest.runs_on,
    }
    return session.client.create_project({key: value for key, value in fields.items() if value})


def _queued(session: Session, project: Json, wish: Wish) -> Json:
    """Create the job; where several runners could take it, ask which one shall."""
    fields = {
        "project_id": project["id"],
        "branch": wish.branch,
        "commit": wish.commit,
        "environment": wish.environment,
        "payload": base64.b64encode(_spec(project, wish).to_bytes()).decode("ascii"),
    }
    try:
        return session.client.create_job(fields)
    except ApiError as error:
        if error.problem_code != "runner_required":
            raise
        if not is_interactive():
            error.advice = "Choose one for this project: deployr push --runner NAME"
            raise
    runners = [one for one in session.client.runners() if not one["revoked_at"]]
    chosen = click.prompt("Which runner?", type=click.Choice([one["name"] for one in runners]))
    runner = next(one for one in runners if one["name"] == chosen)
    session.client.update_project(project["id"], {"runner_id": runner["id"]})
    return session.client.create_job(fields)


def _spec(project: Json, wish: Wish) -> JobSpec:
    now = int(time.time())
    path = wish.manifest.deploy.path
    return JobSpec(
        nonce=str(uuid.uuid4()),
        project=project["name"],
        repo=project["repo_url"],
        branch=wish.branch,
        commit=wish.commit,
        environment=wish.environment,
        action=Action.DEPLOY,
        params={"path": path} if path else {},
        iat=now,
        exp=now + QUEUE_SECONDS,
    )


def _followed(session: Session, job: Json, timeout: float | None) -> ExitCode:
    """Follow a job and return the exit code that its end stands for."""
    try:
        ended = Follower(session.client, session.output, job["id"], timeout).run()
    except KeyboardInterrupt:
        session.output.note(f"\nJob {job['id']} goes on without you. {how_to_return(job['id'])}")
        return ExitCode.INTERRUPTED
    print_result(session.output, ended)
    return exit_code(ended)


def _print_queued(session: Session, job: Json) -> None:
    if session.output.as_json:
        session.output.data(job)
    else:
        session.output.line(f"Job {job['id']} is queued. {how_to_return(job['id'])}")
