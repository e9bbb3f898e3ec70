"""The server that the runner runs on: plain local files."""

import errno
import fcntl
import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from deployr.wire import DEFAULT_ENVIRONMENT

from .. import releases
from ..accounts import Account
from ..allowlist import Allow
from ..assets import AssetNotes, merge_assets
from ..files import half_written, write_atomically
from ..leavings import copy_tree, remove_tree
from ..preflight import Finding
from ..preflight.place import place_findings
from ..shell import Shell
from .links import link_into
from .record_file import RecordFile
from .shared_files import rights, secrets_in
from .target import Commander, OwnServer, Pruned

_META = ".deployr"


class VpsTarget(OwnServer):
    """A deploy root on this machine, with `releases/`, `shared/` and the link `current`."""

    def __init__(self, root: Path, account: Account | None = None) -> None:
        """`account` is the user that makes releases, if it is another than the runner's own."""
        self.root = root
        self._account = account
        self._releases = root / "releases"
        self._shared = root / "shared"
        self._current = root / "current"
        self._meta = root / _META
        self._records = RecordFile(self._meta / "releases.jsonl")
        self._lock: int | None = None

    @property
    def is_here(self) -> bool:
        """See Target."""
        return True

    def exists(self) -> bool:
        """See Target."""
        return self.root.is_dir()

    def commander(self, shell: Shell) -> Commander:
        """See Target."""
        return shell

    def secrets(self) -> dict[str, str]:
        """Return what the env files in `shared/` set."""
        return secrets_in(sorted(self._shared.glob(".env*")))

    def findings(self, entry: Allow) -> list[Finding]:
        """See Target."""
        words = ["deployr-runner", "adopt", entry.key]
        if entry.environment != DEFAULT_ENVIRONMENT:
            words += ["--environment", entry.environment]
        return place_findings(self.root, shlex.join(words))

    def prepare(self) -> None:
        """See Target."""
        for directory in (self._releases, self._shared, self._meta):
            directory.mkdir(parents=True, exist_ok=True)

    def clear_leftovers(self, files: Sequence[str]) -> None:
        """See Target. They may hold secrets; the rest is removed with old releases."""
        for path in (self._records.path, *map(self.shared_path, files)):
            for leftover in half_written(path):
                leftover.unlink()

    def lock(self) -> bool:
        """See Target. The kernel drops the lock when this process dies."""
        self._lock = os.open(self._meta / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.unlock()
            return False
        return True

    @property
    def is_locked(self) -> bool:
        """See Target."""
        return self._lock is not None

    def unlock(self) -> None:
        """See Target."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def shared_path(self, name: str) -> Path:
        """See Target."""
        return self._shared / name

    def has_shared(self, name: str) -> bool:
        """See Target."""
        path = self.shared_path(name)
        return path.is_file() and path.stat().st_size > 0

    def write_shared(self, name: str, text: str) -> None:
        """See Target."""
        path = self.shared_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        mode, group = rights(path, self._account)
        write_atomically(path, text, mode, group)

    def shared_text(self, name: str) -> str | None:
        """See Target."""
        try:
            return self.shared_path(name).read_text(encoding="utf-8", errors="surrogateescape")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def read_note(self, name: str) -> str | None:
        """See Target."""
        try:
            return (self._meta / name).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write_note(self, name: str, text: str | None) -> None:
        """See Target."""
        if text is None:
            (self._meta / name).unlink(missing_ok=True)
        else:
            write_atomically(self._meta / name, text)

    def release_path(self, release: str) -> Path:
        """See Target."""
        return self._releases / release

    def receive(self, tree: Path, release: str) -> Path:
        """Move the tree into place; from another file system it is copied beside it first."""
        try:
            tree.rename(self.release_path(release))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            incoming = self._incoming(release)
            if self._account:
                copy_tree(tree, incoming, self._account)
            else:
                shutil.copytree(tree, incoming, symlinks=True)
            incoming.rename(self.release_path(release))
        if self.release_path(release).is_symlink():  # exchanged meanwhile by what a build hid
            self.release_path(release).unlink()
            raise NotADirectoryError(errno.ENOTDIR, "became a link", str(tree))
        return self.release_path(release)

    def look_into(self, release: str, names: Sequence[str]) -> Path:  # noqa: ARG002 - all is here
        """See Target."""
        return self.release_path(release)

    def keep_assets(self, release: str, static: str, earlier: Sequence[str]) -> int:
        """See Target."""
        notes = AssetNotes(self._meta / "assets")
        notes.take(self.release_path(release), static)
        notes.forget_all_but(self.present())
        return sum(
            merge_assets(self.release_path(release), one, notes.own(one, static))
            for one in map(self.release_path, earlier)
        )

    def link(self, release: str, dirs: Sequence[str], files: Sequence[str]) -> None:
        """See Target."""
        link_into(self.release_path(release), self._shared, dirs, files, self._account)

    def live(self) -> str | None:
        """Return where `current` points to, as it is written there."""
        return str(self._current.readlink()) if self._current.is_symlink() else None

    def activate(self, live: str) -> None:
        """Point `current` to `live` by renaming a new link over the old one."""
        fresh = self._meta / "current.new"
        fresh.unlink(missing_ok=True)
        # Renaming does not change what a link says: it must be right where it ends up.
        fresh.symlink_to(live)
        fresh.replace(self._current)

    def live_path(self) -> Path:
        """See Target."""
        return self._current.resolve()

    def live_name(self, release: str) -> str:
        """See Target. Relative, so that the root can be mounted elsewhere."""
        return f"releases/{release}"

    def discard(self, release: str) -> None:
        """See Target."""
        for path in (self._incoming(release), self.release_path(release)):
            remove_tree(path, self._accounts, ignore_errors=True)

    def records(self) -> dict[str, releases.Record]:
        """See Target."""
        return self._records.all()

    def record(self, record: releases.Record) -> None:
        """See Target."""
        self._records.add(record)

    def present(self) -> list[str]:
        """See Target."""
        if not self._releases.is_dir():
            return []
        return sorted(path.name for path in self._releases.iterdir() if path.is_dir())

    def live_release(self) -> str | None:
        """See Target."""
        return Path(live).name if (live := self.live()) else None

    def prune(self, keep: int) -> Pruned:
        """See Target. What a crash left half-copied goes too."""
        records, present = self.records(), self.present()
        gone = releases.superfluous(present, records, self.live_release(), keep)
        result = Pruned()
        for name in gone:
            # First the note: what is half removed must not be rolled back to.
            if (record := records.get(name)) and record.state != "pruned":
                self.record(releases.pruned(record))
            self._remove(self.release_path(name), result)
        for leftover in sorted(self._meta.glob("incoming-*")):
            self._remove(leftover, result)
        self._records.tidy(self.present())
        return result

    @property
    def _accounts(self) -> list[Account]:
        return [self._account] if self._account else []

    def _remove(self, path: Path, result: Pruned) -> None:
        try:
            remove_tree(path, self._accounts)
        except OSError as error:
            # The name alone: Python removes entries relative to their directory.
            result.stuck.append(f"{path} ({error.filename}: {error.strerror})")
        else:
            result.gone.append(path.name)

    def _incoming(self, release: str) -> Path:
        return self._meta / f"incoming-{release}"
