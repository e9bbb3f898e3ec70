"""Why a job that nobody has claimed still waits, as a sentence for people."""

from typing import Any

from sqlalchemy import Row, select

from app.extensions import db
from app.models import DeploymentJob, Project, Runner
from app.services.runner_choice import is_usable, usable_runners
from app.services.runners import is_online
from deployr.states import JobStatus


def why_waiting(row: Row[Any], holder: int | None) -> str | None:
    """Return what the job of `row` waits for; `holder` is the job that goes first. None: nothing.

    Waiting for the next poll of a runner that is online and free is not worth a word.
    """
    if row.status == JobStatus.PENDING:
        return f"waits for job {holder}" if holder else "waits for its turn"
    if row.status != JobStatus.QUEUED:
        return None
    runners = _takers(row)
    if not runners:
        return _nobody(row)
    if online := [runner for runner in runners if is_online(runner)]:
        return None if any(_busy_with(each) is None for each in online) else _all_busy(online)
    latest = max(runners, key=lambda each: each.last_seen_at or each.created_at)
    if latest.last_seen_at is None:
        return f"runner {latest.name} has never polled: start it with `deployr-runner run`"
    return f"runner {latest.name} is offline since {latest.last_seen_at:%Y-%m-%d %H:%M} UTC"


def _takers(row: Row[Any]) -> list[Runner]:
    """Return the runners that may claim the job."""
    user_id = db.session.get_one(Project, row.project_id).user_id
    if row.target_runner_id is not None:
        runner = db.session.get_one(Runner, row.target_runner_id)
        return [runner] if is_usable(runner, user_id, row.project_id) else []
    runners = usable_runners(user_id, row.project_id)
    if row.runs_on is not None:
        return [runner for runner in runners if row.runs_on in runner.labels.split()]
    return runners if len(runners) == 1 else []


def _nobody(row: Row[Any]) -> str:
    if row.target_runner_id is not None:
        return (
            "its runner is revoked, or no longer shared with the project: set another one with "
            "`deployr projects update --runner`"
        )
    if row.runs_on is not None:
        return f"no runner has the label {row.runs_on}"
    return "there is no runner for it: `deployr runners add`, or `deployr push --runner NAME`"


def _busy_with(runner: Runner) -> int | None:
    """Return a job that keeps the runner from taking another one."""
    job = DeploymentJob
    running = select(job.id).where(job.runner_id == runner.id, job.status == JobStatus.RUNNING)
    ids = list(db.session.scalars(running.order_by(job.id).limit(runner.capacity)))
    return ids[0] if len(ids) >= runner.capacity else None


def _all_busy(runners: list[Runner]) -> str:
    first = runners[0]
    return f"runner {first.name} is busy with job {_busy_with(first)}"
