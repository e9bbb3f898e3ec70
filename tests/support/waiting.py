"""Waiting for what another thread or process does."""

from collections.abc import Callable

from tools.demo.processes import pauses

PATIENCE_SECONDS = 60


def eventually(is_true: Callable[[], object]) -> None:
    """Wait until something is true. Raises AssertionError when it does not become so."""
    assert any(is_true() for _ in pauses(PATIENCE_SECONDS)), "it did not become true"
