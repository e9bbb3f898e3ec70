"""The runner itself: its files, its backend, its clock, and the tools that it always needs."""

import os
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests

from ..accounts import shared_with
from ..client import TIMEOUT, Client
from ..config import Places, RunnerConfig, load, load_token
from ..errors import ConfigError, RunnerError
from ..owner import command_of_owner
from ..tools import missing_tools
from .disk import FLOOR, MIB, disk_findings, free, nearest
from .finding import Finding, problem, warning
from .memory import available

SKEW_SECONDS = 30.0
TOO_MUCH_SKEW_SECONDS = 300.0
"""Jobs are valid for minutes: with clocks that far apart they are too old, or not valid yet."""

_UNITS = (Path("/etc/systemd/system"), Path.home() / ".config/systemd/user")


def config_of(places: Places) -> tuple[RunnerConfig | None, list[Finding]]:
    """Read the configuration and say what is wrong with it."""
    try:
        return load(places), []
    except ConfigError as error:
        return None, [problem(str(error))]


def user_findings(places: Places) -> list[Finding]:
    """Say when another user asks than the one who deploys: each has keys and rights of its own."""
    command = command_of_owner(places)
    return [warning(f"this runner is another user's, so ask: {command} doctor")] if command else []


def sharing_findings(config: RunnerConfig) -> list[Finding]:
    """Say which projects are built by the same user, each pair once."""
    allow = config.allow
    earlier = (config.model_copy(update={"allow": allow[:end]}) for end in range(len(allow)))
    return [
        warning(text)
        for entry, before in zip(allow, earlier, strict=True)
        for text in shared_with(before, entry)
    ]


def backend_findings(places: Places, url: str) -> list[Finding]:
    """Say whether the backend can't be reached or does not take the runner's token."""
    try:
        Client(url, load_token(places)).poll()
    except RunnerError as error:
        return [problem(str(error))]
    return []


def clock_findings(url: str) -> list[Finding] | None:
    """Compare the clocks by the header that every web server sends; None when it sends none."""
    try:
        answer = requests.get(url, timeout=TIMEOUT, allow_redirects=False)
        there = parsedate_to_datetime(answer.headers["Date"])
    except (requests.RequestException, KeyError, ValueError):
        return None  # that it is unreachable, or no Deployr backend, is said elsewhere
    return skew_findings((datetime.now(UTC) - there).total_seconds())


def skew_findings(seconds: float) -> list[Finding]:
    """Judge by how much this server's clock is ahead of the backend's."""
    if abs(seconds) <= SKEW_SECONDS:
        return []
    which = "ahead of" if seconds > 0 else "behind"
    text = (
        f"this server's clock is {abs(seconds):.0f} s {which} the backend's: "
        "timedatectl set-ntp true, on the one that is wrong"
    )
    return [problem(text) if abs(seconds) > TOO_MUCH_SKEW_SECONDS else warning(text)]


def tool_findings() -> list[Finding]:
    """Say which of the tools that every deployment needs are missing."""
    return list(map(problem, missing_tools(("git", "tar"))))


def state_findings(places: Places) -> list[Finding]:
    """Say what is wrong with the place where apps are built."""
    near = nearest(places.state)
    if not os.access(near, os.W_OK | os.X_OK):
        return [problem(f"{near} can't be written: builds and logs go to {places.state}")]
    return disk_findings((near,), (), FLOOR)


def machine(places: Places) -> str:
    """Return what the machine has to spare, for people."""
    room = free(nearest(places.state))
    return (
        f"{room.bytes // MIB} MiB and {room.inodes} inodes of disk, "
        f"{available() // MIB} MiB of memory and swap are free"
    )


def started_by() -> str:
    """Say what starts the runner at boot."""
    for place in _UNITS:
        if (place / "deployr-runner.service").is_file():
            return f"started by {place}/deployr-runner.service"
    return "no systemd unit: something else, such as cron, must start `deployr-runner run` at boot"
