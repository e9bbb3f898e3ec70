"""What must be known of a package manager to keep what it installs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .copying import Shape

Read = Callable[[str], bytes]
"""Runs a command line as the build does and returns its output. Raises CommandFailedError."""


@dataclass(frozen=True, kw_only=True)
class Manager:
    """A package manager, and the directory that it fills."""

    directory: str
    shape: Shape
    must_finish: bool
    """Whether its command has to run also after the directory was restored."""
    obstacle: Callable[[Path], str | None]
    """Say why what is installed for this checkout depends on more than `inputs`."""
    inputs: Callable[[Path, Read], Iterable[bytes]]
    """Return all that the result depends on, beside the command and its environment.

    Raises OSError, ValueError, CommandFailedError.
    """
