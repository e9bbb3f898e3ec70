"""What the measurements share: how often they repeat and how they print a figure."""

import os
import time
from collections.abc import Callable

ROUNDS = int(os.environ.get("ROUNDS", "5"))
"""Interleaved rounds of each method; the median counts."""


def tell_at_least(name: str, ratio: float, target: float) -> None:
    """Print a ratio that should not be smaller than `target`."""
    _tell(name, ratio, f">={target:g}", is_met=ratio >= target)


def tell_at_most(name: str, ratio: float, target: float) -> None:
    """Print a ratio that should not be larger than `target`."""
    _tell(name, ratio, f"<={target:g}", is_met=ratio <= target)


def seconds_of(act: Callable[[], object]) -> float:
    """Return how long `act()` takes."""
    start = time.monotonic()
    act()
    return time.monotonic() - start


def _tell(name: str, ratio: float, target: str, *, is_met: bool) -> None:
    print(f"BENCH {name} {ratio:.2f} target {target} {'ok' if is_met else 'short'}", flush=True)
