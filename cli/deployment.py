"""What every command that starts a job does: queue it, follow it, tell its end."""

import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import click

from deployr.roles import Role
from deployr.states import Action
from deployr.wire import JobSpec

from .asking import is_interactive
from .client import PAGE, Json
from .errors import ApiError, CliError, ExitCode
from .follow import Follower, how_to_return
from .projects import shown
from .results import exit_code, may_have_switched, print_result
from .runners import candidates
from .runners import shown as shown_runner
from .session import Session

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
    """What is to be done."""

    branch: str
    commit: str
    environment: str
    action: Action = Action.DEPLOY
    params: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.action is Action.ROLLBACK:
            return f"rollback to {self.params.get('release', 'the release before')}"
        dry = "dry run of " if self.action is Action.PLAN else ""
        return f"{dry}{self.branch} {self.commit[:12]}"


def start(
    session: Session, project: Json, wish: Wish, *, follow: bool, timeout: float | None
) -> ExitCode:
    """Queue a job and follow it to its end. Raises CliError."""
    output = session.output
    job = _queued(session, project, wish)
    if not follow:
        if output.as_json:
            output.data(job)
        else:
            output.line(f"Job {job['id']} is queued. {how_to_return(job['id'])}")
        return ExitCode.OK
    output.note(f"Job {job['id']}: {shown(project)} {wish}")
    try:
        ended = Follower(session.client, output, job["id"], timeout).run()
    except KeyboardInterrupt:
        output.note(f"\nJob {job['id']} goes on without you. {how_to_return(job['id'])}")
        return ExitCode.INTERRUPTED
    print_result(output, ended, _releases(session, ended))
    return exit_code(ended)


def _releases(session: Session, job: Json) -> Sequence[Json]:
    """Return the releases where a failed deployment may have changed what is live."""
    if session.output.as_json or not may_have_switched(job):
        return ()
    try:
        page = session.client.releases(job["project_id"], job["environment"], limit=PAGE)
    except CliError:  # how the job ended is known without them
        return ()
    found: Sequence[Json] = page["releases"]
    return found


def _queued(session: Session, project: Json, wish: Wish) -> Json:
    """Create the job; where several runners could take it, ask which one shall."""
    fields = {
        "project_id": project["id"],
        # It says all the rest, in base64: a firewall may take a branch's name for an attack.
        "payload": _spec(project, wish).to_data(),
    }
    try:
        return session.client.create_job(fields)
    except ApiError as error:
        if error.problem_code != "runner_required":
            raise
        if not is_interactive() or project["role"] != Role.OWNER:
            error.advice = "An owner of the project chooses one: deployr push --runner NAME"
            raise
    runners = {shown_runner(one): one for one in candidates(session.client, project)}
    chosen = click.prompt("Which runner?", type=click.Choice(list(runners)))
    session.client.update_project(project["id"], {"runner_id": runners[chosen]["id"]})
    return session.client.create_job(fields)


def _spec(project: Json, wish: Wish) -> JobSpec:
    now = int(time.time())
    return JobSpec(
        nonce=str(uuid.uuid4()),
        project=project["name"],
        project_id=project["id"],
        repo=project["repo_url"],
        branch=wish.branch,
        commit=wish.commit,
        environment=wish.environment,
        action=wish.action,
        params=dict(wish.params),
        iat=now,
        exp=now + QUEUE_SECONDS,
    )


def again(job: Json) -> Wish:
    """Return the wish that a job stood for. Raises CliError while it is unfinished."""
    if job["completed_at"] is None:
        raise CliError(
            f"Job {job['id']} is {job['status']}.",
            f"Wait for it or stop it first: deployr cancel {job['id']}",
        )
    if job["action"] != Action.DEPLOY:
        # Without a named release the same words would go back one more.
        instead = "push --dry-run" if job["action"] == Action.PLAN else "rollback RELEASE"
        raise CliError(
            f"Job {job['id']} is a {job['action']}; only deployments can be retried.",
            f"Use `deployr {instead}` instead.",
        )
    if not job["commit"]:
        raise CliError(f"Job {job['id']} never named its commit.", "Use `deployr push` instead.")
    return Wish(
        branch=job["branch"],
        commit=job["commit"],
        environment=job["environment"],
        params=job["params"],
    )
