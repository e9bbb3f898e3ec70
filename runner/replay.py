"""What is done at the start for each job that a runner which died has left behind."""

import logging
from pathlib import Path
from typing import Any

from deployr.states import JobStatus, Reason
from deployr.wire import Report

from .accounts import all_of
from .config import Places
from .errors import ConfigError
from .hosts.opened import open_host
from .journal import Journal, Switch
from .leavings import remove_tree
from .logstream import utc_stamp
from .shell import end_marked
from .targets.host_root import HostRoot
from .targets.vps import VpsTarget

_logger = logging.getLogger(__name__)


def replay(journal: Journal, places: Places, *, unheard: bool = False) -> dict[str, Any]:
    """End what is left of the job on this machine; return the final post.

    `unheard`: nobody died, but the backend never said whether the claim was taken.
    """
    accounts = all_of(places)
    end_marked(journal.claim_id, accounts)
    remove_tree(places.work / str(journal.job_id), accounts, ignore_errors=True)
    if end := journal.end:
        return end
    report = Report(detail=_UNHEARD) if unheard else _report(journal, places)
    return _crashed(journal, report)


_UNHEARD = (
    "the backend did not say in time whether this runner had the job, so the runner did not begin; "
    "nothing was changed on the server"
)


def _crashed(journal: Journal, report: Report) -> dict[str, Any]:
    spool = journal.spool
    line = f"{utc_stamp()}failed: {Reason.RUNNER_CRASHED}: {report.detail}\n"
    torn = spool.size and spool.chunk(spool.size - 1, 1) != b"\n"
    # The log may have reached its limit.
    spool.append((("\n" if torn else "") + line).encode())
    spool.finish()
    end = {
        "status": JobStatus.FAILED,
        "reason": Reason.RUNNER_CRASHED,
        "data": report.to_data(),
        "log_final_bytes": spool.size,
    }
    journal.write_end(end)
    return end


def _report(journal: Journal, places: Places) -> Report:
    """Say what is true of the server now."""
    step, switch = journal.step, journal.switch
    died = f"the runner died in step {step}" if step else "the runner died before the first step"
    if switch is None:
        return Report(detail=f"{died}; nothing went live, what was live before still is")
    facts = {"path": switch.root, "commit": switch.release.commit}
    name = switch.release.name
    is_live = _is_live(journal, switch, places)
    if is_live:
        detail = (
            f"{died}; its release {name} is live, but what follows the switch (restart, health "
            "check) may be missing: look at the app, then push again"
        )
        return Report(detail=detail, release=switch.release, **facts)
    if is_live is None:
        place = switch.host or "the account"
        detail = (
            f"{died}; whether its release {name} is live can't be told, as {place} does not answer: "
            "`deployr releases` says it after the next deployment"
        )
        return Report(detail=detail, **facts)
    return Report(detail=f"{died}; its release {name} is not live", **facts)


def _is_live(journal: Journal, switch: Switch, places: Places) -> bool | None:
    """Tell whether its release is live; None: its host does not say."""
    try:
        live = _live(journal, switch, places)
    except (OSError, ConfigError) as error:
        _logger.warning("%s: %s", switch.root, error)
        return None if switch.is_account else False
    return live == f"releases/{switch.release.name}"


def _live(journal: Journal, switch: Switch, places: Places) -> str | None:
    if not switch.is_account:
        return VpsTarget(Path(switch.root)).live()
    host = open_host(places, switch.host, journal.claim_id)
    try:
        return HostRoot(host.files, switch.root).look().live
    finally:
        host.close()
