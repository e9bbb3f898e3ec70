"""How long to wait before asking again: more after each failure, and never all at once."""

import random

MIN_SECONDS = 1.0
MAX_SECONDS = 60.0


class Backoff:
    """Exponential with full jitter, from 1 to 60 s; a Retry-After of the backend is honoured."""

    def __init__(self) -> None:
        self._failures = 0

    def reset(self) -> None:
        """Start again from the shortest wait, after a success."""
        self._failures = 0

    def next(self, retry_after: float = 0) -> float:
        """Return the seconds to wait after one more failure."""
        ceiling = min(MAX_SECONDS, MIN_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        waits = random.uniform(0, ceiling)  # noqa: S311 - spreads load, guards nothing
        return max(retry_after, waits)
