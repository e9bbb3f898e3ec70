"""How long the long variants of tests run, and from which seed.

`make soak` runs what is marked `soak`. DEPLOYR_SOAK_EXAMPLES replaces the number of examples of
each such test; DEPLOYR_SOAK_SEED repeats a run whose seed was printed.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import hypothesis


def _seed() -> int:
    return int(os.environ.get("DEPLOYR_SOAK_SEED") or random.SystemRandom().randrange(2**32))


@dataclass(frozen=True, kw_only=True)
class Soak:
    """Length and seed of one long test; `tell` prints past pytest's capture."""

    tell: Callable[[str], None]
    seed: int = field(default_factory=_seed)

    def examples(self, default: int) -> int:
        """Return how many examples to run."""
        return int(os.environ.get("DEPLOYR_SOAK_EXAMPLES") or default)

    def seeded(self, test: Any) -> Any:
        """Make a Hypothesis test, or a state machine's class, start from the seed."""
        return hypothesis.seed(self.seed)(test)
