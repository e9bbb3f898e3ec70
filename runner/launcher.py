"""Starts and ends processes as the user that it runs as; the runner's own part for other users.

As text it is handed to a bare Python of that user, with a JSON object on standard input, so that
nothing secret stands in its arguments: it needs no other module of ours, and no file.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

MARK_VARIABLE = "DEPLOYR_MARK"
NOT_STARTED = 127
_KILL_ROUNDS = 40  # a process may fork between being listed and being killed
_LOOK_SECONDS = 0.05


def start(argv: list[str], cwd: str, env: Mapping[str, str], umask: int) -> NoReturn:
    """Become the program `argv`, in a process group of its own, with nothing to read."""
    try:
        os.setpgid(0, 0)
        os.umask(umask)
        os.chdir(cwd)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execvpe(argv[0], argv, env)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_STARTED)


def end(mark: str | None, groups: Iterable[int], seconds: float) -> None:
    """End what carries `mark` or is in one of the process groups.

    Politely, and after `seconds` without asking.
    """
    groups = list(groups)

    def signal_all(number: int) -> bool:
        found = [signal_group(group, number) for group in groups]
        return bool(signal_marked(mark, number) if mark else False) or any(found)

    end_all(signal_all, seconds)


def end_all(signal_all: Callable[[int], bool], seconds: float) -> None:
    """End what `signal_all` reaches; it tells whether something was there. 0 only looks."""
    if not signal_all(signal.SIGTERM):
        return
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not signal_all(0):
            return
        time.sleep(_LOOK_SECONDS)
    for _ in range(_KILL_ROUNDS):
        if not signal_all(signal.SIGKILL):
            return
        time.sleep(_LOOK_SECONDS)


def signal_group(group: int, number: int) -> bool:
    """Signal a process group; tell whether it has members that are no zombies.

    Nobody may be there to reap those.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
    return any(its == group and state != "Z" for _, state, _, its in _processes())


def signal_marked(mark: str, number: int) -> list[int]:
    """Signal all processes that carry `mark`; return their ids."""
    found = marked_processes(mark)
    for pid in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return found


def marked_processes(mark: str) -> list[int]:
    """Return the ids of all living processes, of users we may look at, that carry `mark`."""
    needle = f"{MARK_VARIABLE}={mark}\0".encode()
    found = []
    for entry in _entries("environ"):
        with contextlib.suppress(OSError):
            if needle in entry.read_bytes():
                found.append(int(entry.parent.name))
    return found


def _entries(name: str) -> list[Path]:
    """Return that file of every process; some may be gone by now.

    No glob: it looks at each, and fails when one goes away at that very moment.
    """
    return [place / name for place in Path("/proc").iterdir() if place.name.isdecimal()]


def groups_below(pid: int) -> set[int]:
    """Return the process groups of what descends from `pid`, whoever owns it."""
    facts = list(_processes())
    below, found = {pid}, set()
    while more := {each for each, _, parent, _ in facts if parent in below} - below:
        below |= more
    found = {group for each, _, _, group in facts if each in below}
    return found - {pid}


def _processes() -> Iterable[tuple[int, str, int, int]]:
    """Yield id, state, parent and group of all processes."""
    for entry in _entries("stat"):
        with contextlib.suppress(OSError):
            # The name before may hold anything, but the last bracket is its end.
            fields = entry.read_bytes().rpartition(b")")[2].split()
            yield int(entry.parent.name), fields[0].decode(), int(fields[1]), int(fields[2])


def main() -> None:
    """Do what standard input says: `start` or `end`, with the arguments of that function."""
    asked: dict[str, Any] = json.load(sys.stdin)
    orders: dict[str, Callable[..., None]] = {"start": start, "end": end}
    orders[asked.pop("do")](**asked)


SOURCE = Path(__file__).read_text(encoding="utf-8") if "__file__" in globals() else ""

if __name__ == "__main__":
    main()
