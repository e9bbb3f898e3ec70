"""Which programs this server lacks."""

import shutil
from collections.abc import Iterable

from . import environment

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
