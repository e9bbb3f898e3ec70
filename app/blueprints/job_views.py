"""Jobs as their owners see them."""

from datetime import timedelta
from typing import Any

from app.clock import utcnow
from app.schemas.jobs import JobView, StepView
from app.services.jobs import JobDetails
from app.services.logs import is_complete
from deployr.states import Action, JobStatus

_AS_STORED = (
    *("id", "project_id", "environment", "action", "status", "reason", "branch", "runner_id"),
    *("path", "url", "release", "exit_code", "triggered_by"),
    *("created_at", "started_at", "completed_at"),
)


def job_view(job: JobDetails) -> JobView:
    """Return a whole job."""
    steps = [StepView.model_validate(step) for step in job.steps]
    return JobView(
        **job_fields(job),
        detail=job.row.detail,
        waits=job.waits,
        late_result=job.row.late_result,
        params=job.params,
        steps=steps,
    )


def job_fields(job: JobDetails) -> dict[str, Any]:
    """Return the fields that lists show too."""
    row = job.row
    stored = row._mapping  # noqa: SLF001 - public in spite of its name
    live = row.status == JobStatus.COMPLETED and row.action != Action.PLAN
    return {name: stored[name] for name in _AS_STORED} | {
        "project": row.project_name,
        "commit": row.commit_hash or None,
        "runner": row.runner_name,
        "cancel_requested": row.cancel_requested_at is not None,
        "waiting_for": job.waiting_for,
        "logs_complete": is_complete(row, utcnow()),
        "deployed_at": row.completed_at.strftime("%Y-%m-%d %H:%M:%S") if live else None,
        "seconds": _seconds(job),
    }


def _seconds(job: JobDetails) -> float | None:
    if job.row.started_at is None or job.row.completed_at is None:
        return None
    duration: timedelta = job.row.completed_at - job.row.started_at
    return round(duration.total_seconds(), 3)
