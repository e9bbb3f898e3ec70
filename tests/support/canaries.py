"""Words that stand nowhere else, each with those who may meet it."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.support.traces import found_in

AUDIT = "/api/audit"


@dataclass(frozen=True, kw_only=True)
class Canary:
    """A word, and the names of the actors whose answers may hold it."""

    word: str
    seen_by: frozenset[str]
    audited: bool
    """The audit log, which an admin of the backend reads whole, names what it belongs to."""


@dataclass
class Canaries:
    """All of a world."""

    every: list[Canary] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(10))

    def make(self, what: str, seen_by: Iterable[str] = (), *, audited: bool = False) -> str:
        """Return a word that is a name, a label and a login, and that only these may meet."""
        word = f"cnry-{what}-x{next(self._numbers)}q7"
        self.every.append(Canary(word=word, seen_by=frozenset(seen_by), audited=audited))
        return word

    def leaked(self, actor: str, path: str, answer: bytes) -> list[str]:
        """Return the words that an actor should not have met in this answer."""
        if b"cnry" not in answer and not found_in(answer, ["cnry"]):
            return []
        hidden = [
            each.word
            for each in self.every
            if actor not in each.seen_by
            and not (each.audited and actor == "admin" and path == AUDIT)
        ]
        return found_in(answer, hidden)
