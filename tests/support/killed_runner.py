"""`deployr-runner` that kills itself with SIGKILL at a place which no job of its own can reach.

Run as `python -m tests.support.killed_runner PLACE COMMAND`. It is the real program, but for a hook
after one of its calls, or a thread that looks at files.
"""

import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deployr.logchunk import LogChunk
from runner import client, journal, main, reporter, rotation, uplink


def _then_die(owner: Any, name: str, *, count: int = 1) -> None:
    """Die at the end of the `count`th call of a method."""
    original: Callable[..., Any] = getattr(owner, name)
    calls = iter(range(1, 10**9))

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        found = original(*arguments, **named)
        if next(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(owner, name, wrapped)


def _die_in_the_log() -> None:
    """Die at the third piece; without heartbeats all of them come after the end."""
    reporter.FIRST_SECONDS = 60.0
    _then_die(LogChunk, "pack", count=3)


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


PLACES: dict[str, Callable[[], None]] = {
    "claim written": lambda: _then_die(journal.Journals, "create"),
    "claim posted": lambda: _then_die(uplink.Uplink, "claim"),
    "switch noted": lambda: _then_die(journal.Journal, "begin_switch"),
    "end written": lambda: _then_die(journal.Journal, "write_end"),
    "log half sent": _die_in_the_log,
    "all told": lambda: setattr(journal.Journal, "remove", _die),
    "token answered": lambda: _then_die(client.Client, "rotate"),
    "token written": lambda: _then_die(rotation, "save_token"),
}


def _die_in_step(number: int) -> None:
    _then_die(journal.Journal, "begin_step", count=number)


def _die_once(is_true: Callable[[], bool]) -> None:
    """Die in the middle of what makes something true.

    A thread of our own looks: another process might be held up while we go on.
    """

    def look() -> None:
        while not is_true():
            time.sleep(0.001)
        _die()

    threading.Thread(target=look, daemon=True).start()


if __name__ == "__main__":
    place = sys.argv.pop(1)
    # "step 5": at the beginning of the fifth step, which is the end of the fourth.
    # "file PATTERN": once there is such a file; "link PATH": once it leads elsewhere.
    word, _, what = place.partition(" ")
    if word == "step":
        _die_in_step(int(what))
    elif word == "file":
        pattern = Path(what)
        _die_once(lambda: any(pattern.parent.glob(pattern.name)))
    elif word == "link":
        link, before = Path(what), Path(what).readlink()
        _die_once(lambda: link.readlink() != before)
    else:
        PLACES[place]()
    main.main()
