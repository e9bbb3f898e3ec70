"""Visitors who ask for the first page again and again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.apache_site import ApacheSite


@contextmanager
def visitors(apache: ApacheSite, number: int) -> Iterator[set[tuple[int, str]]]:
    """Let so many ask during the block; give the answers that they had, status and text."""
    seen: set[tuple[int, str]] = set()
    is_over = threading.Event()

    def visit() -> None:
        while not is_over.is_set():
            seen.add(apache.get())

    threads = [threading.Thread(target=visit) for _ in range(number)]
    for each in threads:
        each.start()
    try:
        yield seen
    finally:
        is_over.set()
        for each in threads:
            each.join()
