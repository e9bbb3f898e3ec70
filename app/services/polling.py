"""What a polling runner is told: read-only, but for chores now and then."""

import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from app.config import settings
from app.services import chores
from app.services.identity import RunnerActor
from app.services.runners import count_online, surroundings
from app.services.worklist import find_cancelled, find_work

TENDERS = 300
"""Of so many runners each one does chores now and then; of more a share, for they cost most of a poll."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """Jobs that the runner may claim, as rows of job id and project, and those to cancel."""

    candidates: list[Row[Any]]
    cancel: list[int]
    poll_after: float


def poll(runner: RunnerActor, slots: int) -> Work:
    """Return work for `runner`, which can take `slots` jobs more."""
    online, is_lent = surroundings(runner)
    if runner.stamped and random.random() * online < TENDERS:  # noqa: S311 - spreads the work
        chores.tend(runner.user_id)
    work = find_work(runner, online, is_lent=is_lent) if slots else find_cancelled(runner)
    return Work(
        candidates=work.candidates,
        cancel=work.cancel,
        poll_after=_pause(online),
    )


def poll_after() -> float:
    """Return after how many seconds a runner should poll again.

    The more of them are online, the longer, so that all together keep the budget; but never so
    long that a job waits for ever.
    """
    return _pause(count_online())


def over_budget() -> str | None:
    """Say so when there are more runners than the budget allows at the longest pause."""
    limits, online = settings(), count_online()
    most = int(limits.poll_budget * limits.poll_max_seconds)
    if online <= most:
        return None
    return (
        f"{online} runners are online; with {limits.poll_budget:g} polls a second and at most "
        f"{limits.poll_max_seconds:g} s between polls there is room for {most}. "
        "Raise DEPLOYR_POLL_BUDGET if the host can take it."
    )


def _pause(online: int) -> float:
    limits = settings()
    wanted = online / limits.poll_budget
    pause = min(max(wanted, limits.poll_min_seconds), limits.poll_max_seconds)
    return round(pause * random.uniform(1, 1.2), 2)  # noqa: S311 - spreads the polls
