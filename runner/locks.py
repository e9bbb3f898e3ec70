"""Waiting for another job of this runner without missing a stop."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .shell import Shell

_LOOK_SECONDS = 0.2


@contextmanager
def held(lock: threading.Lock, shell: Shell) -> Iterator[None]:
    """Hold `lock` during the block. Raises JobFailedError when a stop is asked for meanwhile."""
    while not lock.acquire(timeout=_LOOK_SECONDS):
        shell.raise_if_stopped()
    try:
        yield
    finally:
        lock.release()
