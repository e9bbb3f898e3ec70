"""Looking at jobs, reading their logs, stopping them."""

from typing import Any

import click

from deployr.states import Action, JobStatus

from ..client import PAGE, Client, Json
from ..deployment import Seconds, again, start
from ..errors import ExitCode
from ..follow import Follower, how_to_return
from ..output import Output, duration, safe, short
from ..projects import job_or_latest, require_project
from ..results import exit_code
from ..session import Session, json_option, pass_session, project_option


class _JobNumber(click.IntRange):
    """The number of a job."""

    def __init__(self) -> None:
        super().__init__(min=1)

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Return the number."""
        if not str(value).isdecimal():
            self.fail(f"JOB is a number, see `deployr jobs`; {value!r} is none", param, ctx)
        return int(super().convert(value, param, ctx))


_JOB = click.argument("job", type=_JobNumber(), required=False)


@click.command()
@_JOB
@project_option
@json_option
@pass_session
def status(session: Session, job: int | None) -> None:
    """Show a job, or the latest one of this directory's project.

    \b
    Examples:
      deployr status
      deployr --json status 41
    """
    client = session.client
    found = client.job(job_or_latest(session, job), log_from=0)
    found.pop("log", None)
    if session.output.as_json:
        session.output.data(found)
        return
    _print_job(session.output, found, _liveness(client, found))


@click.command()
@_JOB
@click.option("--follow", is_flag=True, help="Go on until the job has ended.")
@project_option
@json_option
@pass_session
def logs(session: Session, job: int | None, *, follow: bool) -> None:
    """Print the log of a job, or of the latest one of this directory's project.

    With --follow the exit code is the job's: 0 completed, 1 failed. With --json the whole job is
    printed, its log as `logs`.

    \b
    Example:
      deployr logs 41 --follow
    """
    client = session.client
    job_id = job_or_latest(session, job)
    if not follow:
        _print_log(session, job_id)
        return
    try:
        ended = Follower(client, session.output, job_id).run()
    except KeyboardInterrupt:
        session.output.note(f"\nJob {job_id} goes on without you. {how_to_return(job_id)}")
        raise SystemExit(ExitCode.INTERRUPTED) from None
    if session.output.as_json:
        session.output.data(client.job(job_id))
    raise SystemExit(exit_code(ended))


@click.command()
@_JOB
@project_option
@json_option
@pass_session
def cancel(session: Session, job: int | None) -> None:
    """Stop a job, or the latest one of this directory's project.

    A waiting job fails at once as cancelled; a running one when the runner has ended it.

    \b
    Example:
      deployr cancel 41
    """
    client = session.client
    cancelled = client.cancel_job(job_or_latest(session, job))
    if session.output.as_json:
        session.output.data(cancelled)
    elif cancelled["status"] == JobStatus.RUNNING:
        line = f"Job {cancelled['id']} is being stopped: deployr logs {cancelled['id']} --follow"
        session.output.line(line)
    else:
        session.output.line(f"Job {cancelled['id']} is cancelled.")


@click.command()
@_JOB
@click.option("--timeout", type=Seconds(), help="Stop following after 90s, 30m, 1h.")
@click.option("--no-follow", is_flag=True, help="Queue the deployment and return at once.")
@project_option
@json_option
@pass_session
def retry(session: Session, job: int | None, *, timeout: float | None, no_follow: bool) -> None:
    """Deploy the commit of an ended job once more, as a new job.

    Without a number it is the latest job of this directory's project. Exit codes as of push.

    \b
    Example:
      deployr retry 41
    """
    client = session.client
    old = client.job(job_or_latest(session, job), log_from=0)
    wish = again(old)
    project = client.project(old["project_id"])
    raise SystemExit(start(session, project, wish, follow=not no_follow, timeout=timeout))


@click.command()
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@click.option("--before", type=click.IntRange(min=1), help="Only jobs older than this one.")
@project_option
@json_option
@pass_session
def jobs(session: Session, *, limit: int, before: int | None) -> None:
    """List the jobs of this directory's project, newest first.

    \b
    Example:
      deployr jobs --limit 5
    """
    project = require_project(session)
    page = session.client.jobs(project_id=project["id"], limit=limit, before=before)
    if session.output.as_json:
        session.output.data(page)
        return
    rows = [
        (
            *(one["id"], one["action"], _state(one), one["branch"], short(one["commit"])),
            one["created_at"],
        )
        for one in page["jobs"]
    ]
    session.output.table(("JOB", "ACTION", "STATUS", "BRANCH", "COMMIT", "CREATED"), rows)
    if page["next"]:
        session.output.note(f"Older ones: deployr jobs --before {page['next']}")


def _print_log(session: Session, job_id: int) -> None:
    if session.output.as_json:
        session.output.data(session.client.job(job_id))
        return
    job = Follower(session.client, session.output, job_id).print_log()
    if not job["log"]["next"]:
        why = job["detail"] or job["waits"] or ""
        session.output.note(f"Job {job_id} has no log yet: {_state(job)}. {why}".rstrip())


def _state(job: Json) -> str:
    return f"{job['status']} ({job['reason']})" if job["reason"] else str(job["status"])


def _liveness(client: Client, job: Json) -> str:
    """Return `live` or `not live` for an ended job's release, or nothing when nobody knows."""
    if not job["release"] or not job["completed_at"]:
        return ""
    page = client.releases(job["project_id"], job["environment"], limit=PAGE)
    states = {one["state"] for one in page["releases"] if one["name"] == job["release"]}
    if "live" in states:
        return "live"
    return "not live" if states else ""


def _print_job(output: Output, job: Json, liveness: str) -> None:
    visited = job["status"] != JobStatus.FAILED or liveness == "live"
    lines = {
        "Job": f"{job['id']} ({job['project']}, {job['environment']})",
        "Action": job["action"] if job["action"] != Action.DEPLOY else None,
        "Status": _state(job),
        "Detail": job["detail"],
        "Why": job["waits"],
        "Told later": job["late_result"],
        "Cancel": "asked for" if job["cancel_requested"] and not job["completed_at"] else None,
        "Commit": f"{job['commit'] or 'newest'} of {job['branch']}",
        "Runner": job["runner"],
        "Deployed to": job["path"] if job["deployed_at"] else None,
        "Release": f"{job['release']} ({liveness})" if liveness else job["release"],
        "URL": job["url"] if visited else None,
        "Created": job["created_at"],
        "Started": job["started_at"],
        "Ended": job["completed_at"],
        "Time": duration(job["seconds"]) if job["seconds"] is not None else None,
    }
    for name, value in lines.items():
        if value:
            output.line(f"{name + ':':<13} {safe(str(value))}")
