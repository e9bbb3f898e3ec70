"""Job states, the reasons of a failure and which state may follow which."""

from enum import StrEnum


class JobStatus(StrEnum):
    """State of a deployment job as users and runners see it."""

    PENDING = "pending"  # accepted; an earlier job of the same project and environment goes first
    QUEUED = "queued"  # first in line: a runner may claim it
    RUNNING = "running"  # claimed by one runner
    COMPLETED = "completed"  # final: the release is live
    FAILED = "failed"  # final: see the reason

    @property
    def is_final(self) -> bool:
        """Tell whether the state can never change again."""
        return self in {JobStatus.COMPLETED, JobStatus.FAILED}


TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset({JobStatus.QUEUED, JobStatus.FAILED}),
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.FAILED}),
    JobStatus.RUNNING: frozenset({JobStatus.COMPLETED, JobStatus.FAILED}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
}


class Reason(StrEnum):
    """Why a job failed."""

    EXIT_NONZERO = "exit_nonzero"  # a command of the build, a hook or the recipe failed
    TIMEOUT = "timeout"  # the job's own time limit passed
    CANCELLED = "cancelled"  # a user asked for it
    RUNNER_LOST = "runner_lost"  # no sign of life for longer than the lease
    RUNNER_STOPPED = "runner_stopped"  # the runner was shut down while it worked
    RUNNER_CRASHED = "runner_crashed"  # the runner died and says so after its restart
    PREFLIGHT_FAILED = "preflight_failed"  # the server is not fit: a tool, file or room is missing
    POLICY_REFUSED = "policy_refused"  # the runner's owner does not allow this deployment
    SIGNATURE_REJECTED = "signature_rejected"  # the job is not signed by a trusted key
    HEALTH_CHECK_FAILED = "health_check_failed"  # the new release did not answer as it should
    EXPIRED_IN_QUEUE = "expired_in_queue"  # nobody claimed it in time
    INTERNAL = "internal"  # a bug of Deployr or an unreadable job


class Action(StrEnum):
    """What a job does on the server."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    PLAN = "plan"


class Framework(StrEnum):
    """Kinds of app that have a recipe."""

    LARAVEL = "laravel"
    NEXTJS = "nextjs"
    STATIC = "static"


class Target(StrEnum):
    """Kinds of place that an app is deployed to."""

    VPS = "vps"
    CPANEL = "cpanel"
