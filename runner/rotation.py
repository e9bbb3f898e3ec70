"""Replaces the runner's token by a new one; killed at any moment, the runner has one that works."""

import logging
import os
import time
from contextlib import suppress

from .client import Client
from .config import TOKEN_FILE, Places, load, load_token, save_token
from .errors import ConfigError, RunnerError
from .tokenfile import sole_writer

MAX_AGE_SECONDS = 30 * 24 * 3600.0
"""A token that is older is replaced."""

RETRY_SECONDS = 24 * 3600.0
"""After that the replacement is tried again, when it failed."""

_logger = logging.getLogger(__name__)


def rotate(places: Places) -> None:
    """Replace the token in its file. Raises ConfigError, BackendError, UnreachableError, OSError.

    The backend takes the old one until an hour after the first use of the new one, so nothing is
    lost when the answer does not get here, or not into the file.
    """
    load(places)
    if not os.access(places.config, os.W_OK):
        raise ConfigError(f"{places.config} can't be written: run this as its owner")
    with sole_writer(places):
        url = load(places).url
        token = Client(url, load_token(places)).rotate()
        save_token(places, token)
    with suppress(RunnerError):  # the first use: now the old one's time runs out
        Client(url, token).poll(slots=0)


class Renewal:
    """Sees to it that an agent's token does not grow old."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._not_before = 0.0

    def tend(self) -> None:
        """Replace the token when it is time. Whatever comes of it, the agent can go on."""
        if time.monotonic() < self._not_before or not self._is_old():
            return
        self._not_before = time.monotonic() + RETRY_SECONDS
        try:
            rotate(self._places)
        except (RunnerError, OSError) as error:
            _logger.warning("the runner's old token is not replaced yet: %s", error)
        else:
            _logger.info("the runner's token was old: replaced by a new one")

    def _is_old(self) -> bool:
        try:
            written = (self._places.config / TOKEN_FILE).stat().st_mtime
        except OSError:
            return False
        return time.time() - written > MAX_AGE_SECONDS
