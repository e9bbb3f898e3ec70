"""Removes trees by SFTP."""

from collections.abc import Iterable

from . import packets
from .packets import Attributes
from .pipeline import Ask, Steps
from .sftp import Sftp, kind_of

_GONE = (packets.NO_SUCH_FILE,)


def remove(sftp: Sftp, paths: Iterable[str]) -> None:
    """Remove what is at each path with all below; links are not followed, missing ones are fine.

    Raises HostError.
    """
    removal = _Removal(sftp)
    sftp.run_all(removal.begin(path) for path in paths)
    for path in reversed(removal.emptied):
        sftp.order(packets.RMDIR, packets.text(path), path, _GONE)
    sftp.run()


class _Removal:
    def __init__(self, sftp: Sftp) -> None:
        self._sftp = sftp
        self.emptied: list[str] = []
        """Directories, each before those in it."""

    def begin(self, path: str) -> Steps[None]:
        if found := (yield from self._sftp.look(path)):
            self._take(path, found)

    def _take(self, path: str, found: Attributes) -> None:
        if kind_of(found) == "dir":
            self._sftp.spawn(self._empty(path, found.mode or 0))
        else:
            self._sftp.unlink(path)

    def _empty(self, path: str, mode: int) -> Steps[None]:
        self.emptied.append(path)
        if mode & 0o700 != 0o700:  # nothing can be removed from it, or it can't be listed
            asked = Ask(packets.SETSTAT, packets.text(path) + packets.with_mode(0o700))
            self._sftp.check(packets.SETSTAT, (yield asked), path, _GONE)
        for name, found in (yield from self._sftp.list(path)):
            self._take(f"{path}/{name}", found)
