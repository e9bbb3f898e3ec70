"""Processes of this machine, as /proc shows them."""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path


def below(pid: int) -> set[int]:
    """Return what descends from a process."""
    found = {pid}
    while more := {each for each in _all() if int(_stat(each)[1]) in found} - found:
        found |= more
    return found - {pid}


def kill(pids: Iterable[int]) -> None:
    """Kill processes at once."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _all() -> Iterator[int]:
    yield from (int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal())


def _stat(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return ["Z", "0"]


def is_named(pid: int, start: str) -> bool:
    """Tell whether the name of a process begins like that."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().startswith(start)
    return False


def of_user(uid: int) -> list[int]:
    """Return the processes of a user that are no zombies."""
    return [pid for pid, owner, state in _processes() if owner == uid and state != "Z"]


def _processes() -> Iterator[tuple[int, int, str]]:
    for pid in _all():
        with contextlib.suppress(OSError):
            yield pid, Path(f"/proc/{pid}").stat().st_uid, _stat(pid)[0]
