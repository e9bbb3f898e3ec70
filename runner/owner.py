"""Whose runner it is: keys, rights and files are those of one user."""

import os
import pwd

from .config import Places
from .errors import ConfigError


def command_of_owner(places: Places) -> str | None:
    """Return what begins a command as the user whose runner it is; None when we are that user."""
    if not places.config.is_dir() or places.config.stat().st_uid == os.geteuid():
        return None
    uid = places.config.stat().st_uid
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"#{uid}"
    where = f"--config-dir {places.config} --state-dir {places.state}"
    return f"sudo -u {name} deployr-runner {where}"


def refuse_others(places: Places) -> None:
    """Keep root and others from working in its place: it could not touch what they have made.

    Raises ConfigError.
    """
    if command := command_of_owner(places):
        raise ConfigError(f"this runner is another user's: {command} run")
