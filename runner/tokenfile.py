"""The runner's token as its file has it now, so that a rotation needs no restart."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .config import TOKEN_FILE, Places, load, load_token
from .errors import ConfigError


class TokenFile:
    """Used by all threads of an agent that talks to one backend."""

    def __init__(self, places: Places, url: str) -> None:
        """`url` is the backend to which the token belongs. Raises ConfigError."""
        self._places = places
        self._url = url
        self._version = self._look()
        self._token = load_token(places)

    def current(self) -> str:
        """Return the token; the last one that could be read, while the file is none to go by."""
        version = self._look()
        if version != self._version:
            # Registered anew, it may be another backend's by now, which this one must not see.
            with suppress(ConfigError):
                token = load_token(self._places)  # before the address: `register` writes it last
                if load(self._places).url == self._url:
                    self._token = token
                self._version = version
        return self._token

    def _look(self) -> tuple[int, int] | None:
        try:
            found = (self._places.config / TOKEN_FILE).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


@contextmanager
def sole_writer(places: Places) -> Iterator[None]:
    """Keep all other processes from replacing the token. Raises OSError."""
    # The directory itself is locked: a lock file of root's would lock the runner's own user out.
    place = os.open(places.config, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)
