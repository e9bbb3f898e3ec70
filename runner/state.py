"""The state directory: one agent at a time, and what it notes for `status`."""

import fcntl
import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from .accounts import all_of
from .config import Places
from .errors import RunnerError
from .files import make_private_dir, write_atomically
from .leavings import remove_tree

STATE_FILE = "status.json"
_logger = logging.getLogger(__name__)


@contextmanager
def sole_agent(places: Places) -> Iterator[None]:
    """Keep other agents out of the state directory, and clear away what a killed one left.

    Raises RunnerError when another one is at work. The kernel drops the lock with the process.
    """
    make_private_dir(places.state)
    fd = os.open(places.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _locked(fd):
            raise RunnerError(f"another deployr-runner works with {places.state}")
        remove_tree(places.work, all_of(places), ignore_errors=True)
        yield
    finally:
        os.close(fd)


class Notes:
    """What `status` shows; may be told from any thread."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._lock = threading.Lock()

    def keep(self, **facts: object) -> None:
        """Add facts; the disk may be full, and the work goes on."""
        with self._lock:
            try:
                make_private_dir(self._places.state)
                text = json.dumps({**read_notes(self._places), **facts})
                write_atomically(self._places.state / STATE_FILE, text)
            except OSError as error:
                _logger.warning("the state can't be written: %s", error)


def read_notes(places: Places) -> dict[str, object]:
    """Return what the agent noted last; empty when it never ran."""
    try:
        found = json.loads((places.state / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def now() -> str:
    """Return the time as notes hold it: RFC 3339, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
