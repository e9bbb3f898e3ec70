"""Sends trees to hosts that speak SFTP alone."""

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ..hosts.host import Entry, HostError, LostError, Progress
from ..hosts.ssh import Connection
from .cache import Cache, Older
from .manifest import Manifest
from .removal import remove
from .scripts import WORK
from .sftp import Sftp
from .sums import Known
from .tree import Tree, scan
from .upload import Upload

_LEFT = (WORK.rpartition("/")[2], "held.", ".deployr-new-")
"""How names in `.deployr/` begin that only a dead deployment leaves: who sends holds the lock."""
_MOST_PATH_BYTES = 4095
"""What Linux takes."""


class SftpSender:
    """As `Sender` says.

    SFTP can't tell the hash of a file on the host. What is sent goes through SSH, which notices
    each byte that was changed on its way; that the host wrote it is verified by the size, mode and
    time of each file. By those, too, are known the files of an older release, which are taken over
    as hard links where the server offers that.
    """

    def __init__(self, connection: Connection, cache: Path) -> None:
        self._connection = connection
        self._cache = cache

    def send(
        self,
        tree: Path,
        goal: str,
        previous: str | None,
        progress: Progress,
        *,
        verify: bool = False,
    ) -> None:
        """Make `goal` hold what `tree` holds, as `Sender.send` says.

        A file whose content is the same as in `previous` keeps the time that it has there. With
        `verify` all is sent: to look at what is there would take as long.
        """
        root, releases, release = goal.rsplit("/", 2)
        cache = Cache(self._cache, root)
        known = Known(cache.sums)
        name = "" if verify or not previous else previous.rpartition("/")[2]
        older = cache.load(f"{root}/{releases}/{name}") if name and not verify else None
        with ThreadPoolExecutor(1) as pool:
            look = pool.submit(_scan, tree, f"{root}/{WORK}{release}")
            with self._session(f"{root}/{WORK}{release}") as sftp:
                sent = _send(sftp, look, goal, _Old(older, known), progress)
        with contextlib.suppress(OSError):  # then the next release is sent whole
            cache.keep(release, sent.text)
            known.save(look.result(), sent.sums)

    @contextlib.contextmanager
    def _session(self, work: str) -> Iterator[Sftp]:
        """Give a session; after a failure `work` is removed: a host may be full of it."""
        try:
            with contextlib.closing(Sftp(self._connection)) as sftp:
                yield sftp
        except LostError:
            raise
        except HostError:
            with contextlib.suppress(HostError), contextlib.closing(Sftp(self._connection)) as sftp:
                remove(sftp, [work])
            raise


class _Old:
    """The release before, as far as it is known."""

    def __init__(self, older: Older | None, known: Known) -> None:
        self.path = older.path if older else ""
        self._known = known
        self._manifest = Manifest({}, {})
        if older:
            with contextlib.suppress(ValueError):
                self._manifest = older.manifest

    def alike(self, tree: Tree) -> dict[str, Entry]:
        """Return its files that have the same content and mode as in `tree`, by path."""
        entries, sums = self._manifest.entries, self._manifest.sums
        return {
            path: old
            for path, old in entries.items()
            if path in tree.stamps
            and old.kind == "file"
            and (old.mode, old.size) == (tree.entries[path].mode, tree.entries[path].size)
            and sums[path] == self._known.sum(tree, path)
        }

    def sum(self, path: str) -> str:
        """Return the SHA-256 in hex of one of its files."""
        return self._manifest.sums[path]


def _scan(root: Path, work: str) -> Tree:
    tree = scan(root)
    for path in tree.entries:
        if len(os.fsencode(f"{work}/{path}")) > _MOST_PATH_BYTES:
            short = ascii(f"{path[:60]}…{path[-30:]}")
            raise HostError(f"this path is too long to be sent by SFTP: {short}")
    return tree


def _send(sftp: Sftp, look: Future[Tree], goal: str, old: _Old, progress: Progress) -> Manifest:
    root, releases, release = goal.rsplit("/", 2)
    above = f"{root}/{WORK}".rpartition("/")[0]
    sftp.run(*map(sftp.make_dirs, (above, f"{root}/{releases}")))
    left_over = [each.name for each in sftp.get(sftp.list(above))]
    remove(sftp, [f"{above}/{name}" for name in left_over if name.startswith(_LEFT)])
    if sftp.get(sftp.look(goal)):
        raise HostError(f"{sftp.name}: {goal} exists already")
    tree, work = look.result(), f"{root}/{WORK}{release}"
    upload = Upload(sftp, tree, work, progress)
    kept = upload.run(old.path, old.alike(tree) if sftp.has_hard_links else {})
    sftp.run(sftp.rename(work, goal))
    sums = {path: upload.sums.get(path) or old.sum(path) for path in tree.stamps}
    return Manifest({**tree.entries, **kept}, sums)
