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
    """Keep root from working in its place: it could not touch what root has made.

    Others can't unless the folder's rights let them, as those of a container's volume may.
    Raises ConfigError.
    """
    if os.geteuid() == 0 and (command := command_of_owner(places)):
        raise ConfigError(f"this runner is another user's: {command} run")
