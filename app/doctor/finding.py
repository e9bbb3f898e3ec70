"""What a check found."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """Works, but should be looked at."""
    PROBLEM = "problem"
    """Does not work."""


@dataclass(frozen=True)
class Finding:
    """A sentence, and how to mend what it tells."""

    level: Level
    what: str
    fix: str = ""

    @property
    def text(self) -> str:
        """Return a line, and one more that says what to do."""
        line = f"{self.level:<8} {self.what}"
        return f"{line}\n         -> {self.fix}" if self.fix else line


Check = Callable[[], Iterable[Finding]]


def ok(what: str) -> Finding:
    """Return good news."""
    return Finding(Level.OK, what)


def warning(what: str, fix: str) -> Finding:
    """Return what should be looked at."""
    return Finding(Level.WARNING, what, fix)


def problem(what: str, fix: str) -> Finding:
    """Return what does not work."""
    return Finding(Level.PROBLEM, what, fix)
