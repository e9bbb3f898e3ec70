"""How a job ended, in words and as an exit code."""

import shlex
from collections.abc import Sequence

from deployr.states import Action, JobStatus, Reason
from deployr.wire import DEFAULT_ENVIRONMENT

from .client import Json
from .errors import ExitCode
from .output import Output, duration, safe

_FAILURES = {
    Action.DEPLOY: "Deployment failed",
    Action.ROLLBACK: "Rollback failed",
    Action.PLAN: "Dry run failed",
}


def print_result(output: Output, job: Json, releases: Sequence[Json] = ()) -> None:
    """Print how a job ended: timings and where it is live, or why it failed.

    `releases` are those of its environment, for a job that `may_have_switched`.
    """
    if output.as_json:
        output.data(job)
    else:
        output.line()
        for step in job.get("steps") or ():
            mark = "✓" if step["ok"] else "✗"
            output.line(f"  {mark} {step['name']:<18} {step['seconds']:8.2f} s")
        if job["status"] == JobStatus.COMPLETED:
            _print_success(output, job)
        else:
            _print_failure(output, job)
            _print_live(output, job, releases)
    if command := _by_force(job):
        # The last word also for those who read JSON.
        say = output.note if output.as_json else output.line
        say(f"  To go back all the same, with the database as it is: {command}")


def exit_code(job: Json) -> ExitCode:
    """Return the exit code that a finished job stands for."""
    completed = job["status"] == JobStatus.COMPLETED
    return ExitCode.OK if completed else ExitCode.DEPLOYMENT_FAILED


def may_have_switched(job: Json) -> bool:
    """Tell whether a deployment failed after visitors may have seen it."""
    failed = job["action"] == Action.DEPLOY and job["status"] == JobStatus.FAILED
    begun = any(step["name"] == "activate" for step in job.get("steps") or ())
    return bool(failed and begun and job["release"])


def _print_live(output: Output, job: Json, releases: Sequence[Json]) -> None:
    """Say what visitors get after a deployment was taken back, or could not be."""
    live = next((one["name"] for one in releases if one["state"] == "live"), None)
    if live is None:
        return
    if live != job["release"]:
        output.line(f"  Live: {safe(live)} (went back)")
    elif any(one["state"] == "good" for one in releases):
        output.line(f"  Live: {safe(live)} (the one that failed; see its log)")
    else:
        output.line("  It stays live: there was no earlier release to go back to")


def _print_success(output: Output, job: Json) -> None:
    if job["action"] == Action.PLAN:
        commit = safe((job["commit"] or "")[:12])
        output.success(f"✓ Dry run: would deploy {commit}; nothing was changed")
        output.line(f"  Time: {duration(job['seconds'])}")
        return
    if job["action"] == Action.ROLLBACK:
        output.success(f"✓ Rolled back to {safe(job['release'] or 'the release before')}")
    else:
        output.success("✓ Deployment completed successfully!")
    output.line(f"  Deployed to: {safe(job['path'] or '-')}")
    if job["url"]:
        output.line(f"  URL: {safe(job['url'])}")
    if job["action"] == Action.ROLLBACK and job["commit"]:
        output.line(f"  Commit: {safe(job['commit'])}")
    elif job["release"]:
        output.line(f"  Release: {safe(job['release'])}")
    output.line(f"  Time: {duration(job['seconds'])}")


def _print_failure(output: Output, job: Json) -> None:
    what = _FAILURES[Action(job["action"])]
    if job["action"] == Action.PLAN and job["reason"] == Reason.PREFLIGHT_FAILED:
        what = "Dry run: could not be deployed"
    output.failure(f"✗ {what}: {job['reason']}")
    for line in safe(job.get("detail") or "").splitlines():
        output.line(f"  {line}")
    output.line(f"  The whole log: deployr logs {job['id']}")


def _by_force(job: Json) -> str | None:
    """Return the command for a rollback that was refused only because migrations ran since."""
    params = job.get("params") or {}
    refused = job["action"] == Action.ROLLBACK and job["reason"] == Reason.PREFLIGHT_FAILED
    if not refused or "force" in params or "migration" not in (job.get("detail") or ""):
        return None
    command = ["deployr", "rollback", *filter(None, [params.get("release")]), "--force"]
    if job["environment"] != DEFAULT_ENVIRONMENT:
        command += ["--environment", job["environment"]]
    return shlex.join(command)
