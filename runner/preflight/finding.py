"""What a check found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One sentence that says what is wrong and what to do about it."""

    kind: Literal["problem", "warning"]
    """A problem would make the deployment fail; a warning may be somebody's wish."""
    text: str


def problem(text: str) -> Finding:
    """Return what keeps a deployment from working."""
    return Finding("problem", text)


def warning(text: str) -> Finding:
    """Return what the owner should know."""
    return Finding("warning", text)


def problems_of(findings: Iterable[Finding]) -> list[str]:
    """Return the texts of the problems, each once."""
    return list(dict.fromkeys(each.text for each in findings if each.kind == "problem"))


def warnings_of(findings: Iterable[Finding]) -> list[str]:
    """Return the texts of the warnings, each once."""
    return list(dict.fromkeys(each.text for each in findings if each.kind == "warning"))
