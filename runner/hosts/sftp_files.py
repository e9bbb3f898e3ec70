"""The file system of a host that speaks SFTP alone."""

import contextlib
import secrets
import threading
from collections.abc import Iterator, Sequence

from ..transfer import packets
from ..transfer.packets import Name
from ..transfer.pipeline import Steps
from ..transfer.removal import remove
from ..transfer.sftp import Sftp, kind_of
from .host import HostError, Kind, LostError, Snapshot
from .ssh import Connection

_MAX_NOTE_BYTES = 64 * 1024
_RECORD = "releases.jsonl"


class SftpFiles:
    """As `Files` says: one session, used by one thread at a time, and made anew when it broke."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._opened: Sftp | None = None

    def snapshot(self, root: str, shared: Sequence[str]) -> Snapshot:
        """See Files."""
        with self._session() as sftp:
            return _Look(sftp, root).take(shared)

    def read(self, path: str) -> bytes | None:
        """See Files."""
        with self._session() as sftp:
            return sftp.get(sftp.read(path))

    def write(self, path: str, data: bytes, mode: int = 0o600) -> None:
        """See Files."""
        with self._beside(path) as (sftp, fresh):
            size = sftp.chunk  # grows as soon as the host has told its limits
            pieces = (data[at : at + size] for at in range(0, len(data), size))
            sftp.run(_made(sftp, path, sftp.put(fresh, pieces, mode)))
            sftp.run(sftp.replace(fresh, path))  # only when all has arrived

    def append(self, path: str, data: bytes) -> None:
        """See Files."""
        with self._session() as sftp:
            sftp.run(_made(sftp, path, sftp.append(path, data, 0o600)))

    def make_dirs(self, *paths: str) -> None:
        """See Files."""
        with self._session() as sftp:
            sftp.run(*map(sftp.make_dirs, paths))

    def link(self, goal: str, path: str) -> None:
        """See Files."""
        with self._beside(path) as (sftp, fresh):
            sftp.symlink(goal, fresh)
            sftp.run()
            sftp.run(sftp.replace(fresh, path))

    def rename(self, old: str, new: str) -> None:
        """See Files."""
        with self._session() as sftp:
            sftp.run(sftp.replace(old, new))

    def remove(self, *paths: str) -> None:
        """See Files."""
        with self._session() as sftp:
            remove(sftp, paths)

    def kind(self, path: str) -> Kind:
        """See Files."""
        with self._session() as sftp:
            found = sftp.get(sftp.look(path))
        return kind_of(found) if found else "none"

    @contextlib.contextmanager
    def _session(self) -> Iterator[Sftp]:
        with self._lock:
            if self._opened is None or not self._opened.is_open:
                self._opened = Sftp(self._connection)
            yield self._opened

    @contextlib.contextmanager
    def _beside(self, path: str) -> Iterator[tuple[Sftp, str]]:
        """Give a session, and a name for what shall come to `path`; it is gone after a failure."""
        fresh = f"{_above(path)}/.deployr-new-{secrets.token_hex(8)}"
        try:
            with self._session() as sftp:
                yield sftp, fresh
        except LostError:
            raise  # it may be the only one: some servers rename in two steps
        except HostError:
            with contextlib.suppress(HostError):
                self.remove(fresh)
            raise


def _made(sftp: Sftp, path: str, task: Steps[None]) -> Steps[None]:
    """Do a task in the directory of `path`, which is made when it is missing."""
    yield from sftp.make_dirs(_above(path), mode=0o700)
    yield from task


def _above(path: str) -> str:
    return path.rpartition("/")[0]


class _Look:
    """A snapshot in the making."""

    def __init__(self, sftp: Sftp, root: str) -> None:
        self._sftp = sftp
        self._root = root
        self._live: str | None = None
        self._releases: list[str] = []
        self._record = b""
        self._shared: set[str] = set()
        self._envs: dict[str, bytes] = {}
        self._notes: dict[str, bytes] = {}

    def take(self, shared: Sequence[str]) -> Snapshot:
        """Look at all of it side by side."""
        self._sftp.run(
            self._find_live(),
            self._find_releases(),
            self._find_record(),
            self._find_envs(),
            self._find_notes(),
            *map(self._find_shared, shared),
        )
        return Snapshot(
            live=self._live,
            releases=tuple(sorted(self._releases)),
            record=self._record.decode(errors="replace"),
            shared=frozenset(self._shared),
            envs=self._envs,
            notes=self._notes,
        )

    def _find_live(self) -> Steps[None]:
        self._live = yield from self._sftp.readlink(f"{self._root}/current")

    def _find_releases(self) -> Steps[None]:
        found = yield from self._sftp.list(f"{self._root}/releases")
        self._releases = [name for name, each in found if kind_of(each) == "dir"]

    def _find_record(self) -> Steps[None]:
        self._record = (yield from self._sftp.read(f"{self._root}/.deployr/{_RECORD}")) or b""

    def _find_envs(self) -> Steps[None]:
        place = f"{self._root}/shared"
        for each in (yield from self._sftp.list(place)):
            if each.name.startswith(".env"):
                self._sftp.spawn(self._keep(self._envs, place, each))

    def _find_notes(self) -> Steps[None]:
        place = f"{self._root}/.deployr"
        for each in (yield from self._sftp.list(place)):
            if each.name != _RECORD and each.found.size <= _MAX_NOTE_BYTES:
                self._sftp.spawn(self._keep(self._notes, place, each))

    def _find_shared(self, name: str) -> Steps[None]:
        found = yield from self._sftp.look(f"{self._root}/shared/{name}", packets.STAT)
        if found and kind_of(found) == "file" and found.size:
            self._shared.add(name)

    def _keep(self, goal: dict[str, bytes], place: str, one: Name) -> Steps[None]:
        path, found = f"{place}/{one.name}", one.found
        if kind_of(found) == "link":
            found = (yield from self._sftp.look(path, packets.STAT)) or found
        if kind_of(found) == "file" and (data := (yield from self._sftp.read(path))) is not None:
            goal[one.name] = data
