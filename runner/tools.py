"""Which programs this server lacks, and what those that are there say of themselves."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from . import environment
from .shell import Command, CommandFailedError, Shell

_ADVICE = {
    "composer": "apt-get install composer, or getcomposer.org",
    "git": "apt-get install git",
    "node": "apt-get install nodejs, or nodejs.org",
    "npm": "comes with Node.js",
    "php": "apt-get install php-cli",
    "tar": "apt-get install tar",
}


def missing_tools(names: Iterable[str]) -> list[str]:
    """Return a sentence for each program that commands of a deployment would not find."""
    path = environment.base()["PATH"]
    return [
        f"{name} is not installed on this server ({_ADVICE[name]})"
        for name in names
        if shutil.which(name, path=path) is None
    ]


def asker(shell: Shell, env: Mapping[str, str]) -> Callable[[str, Path], str | None]:
    """Return what runs a command line in a directory, and returns its output or None."""

    def ask(line: str, place: Path) -> str | None:
        try:
            said = shell.read(Command.line(line, place, {**environment.base(), **env}))
        except CommandFailedError:
            return None
        return said.decode("utf-8", "replace")

    return ask
