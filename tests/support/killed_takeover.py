"""A takeover that is killed before its n-th change of the file system."""

import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runner import takeover
from runner.adopt import survey

CHANGES = ("chmod", "mkdir", "rename", "replace", "rmdir", "symlink", "unlink")


def _die_before(number: int) -> None:
    """Die instead of the `number`th change, counted from 1."""
    calls = iter(range(1, 10**9))

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            if next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*arguments, **named)

        return wrapped

    for name in CHANGES:
        setattr(os, name, counted(getattr(os, name)))
    takeover.exchange = counted(takeover.exchange)  # type: ignore[attr-defined]


def killed_takeover(root: Path, number: int, shared: tuple[str, ...]) -> bool:
    """Take over `root` in a child that dies before its `number`th change; tell whether it did."""
    pid = os.fork()
    if pid == 0:
        try:
            _die_before(number)
            takeover.take_over(root, survey(root, shared))
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the parent says so
            traceback.print_exc()
            os._exit(1)
    status = os.waitpid(pid, 0)[1]
    if status not in {0, signal.SIGKILL}:
        raise RuntimeError(f"the takeover ended with {status}")
    return status == signal.SIGKILL
