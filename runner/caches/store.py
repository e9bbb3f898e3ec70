"""Directories that are kept from deployment to deployment: whole, checked, and bounded in size."""

import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..locks import held
from ..shell import CommandFailedError, Shell
from .copying import Links, Shape, close_place, duplicate, let_pass, make_place, remove
from .entry import Entry, Note, Slot
from .listing import list_directory

_MIB = 1024 * 1024

# Jobs of a runner are threads of one process, and no second process works on its state.
_registry = threading.Lock()
_locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
_unfinished: set[Path] = set()


class Found(Enum):
    """What the store had."""

    SAME = "same"
    OTHER = "other"
    """Nothing that helps: none, or one made from something else."""
    ALTERED = "altered"
    """Files that somebody had written to; they are gone now."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """All that this runner keeps, as one job sees it. Trouble with it is told, and fails nothing.

    Only a stop of the job is raised, as JobFailedError.
    """

    root: Path
    limit: int
    """Bytes that all entries may have together."""
    shell: Shell
    """Of who builds: to that user belongs what is kept."""
    say: Callable[[str], None]
    """Adds a line to the log of the job."""

    def restore(self, slot: Slot, key: str, target: Path, shape: Shape) -> Found:
        """Make `target`, which must not exist, like what `slot` kept under the same key."""
        entry = self._entry(slot)
        with self._held(entry):
            note = entry.note()
            if note is None or note.key != key:
                return Found.OTHER
            listing = entry.listing()
            if listing is None or not note.agrees_with(listing):
                self._discard(entry)
                self.say(f"{slot.name}: the kept files have changed since; dropped")
                return Found.ALTERED
            is_free = not listing.is_shared if shape.links is Links.UNSHARED else True
            try:
                duplicate(self.shell, entry.files, target, shape, link=note.may_link and is_free)
                entry.touch()
            except (OSError, CommandFailedError) as error:
                remove(target, self.shell.account)
                self.say(f"warning: {slot.name} can't be taken from the cache: {_reason(error)}")
                return Found.OTHER
        self.say(f"{slot.name}: reused, {note.files} files, {note.size / _MIB:.1f} MiB")
        return Found.SAME

    def keep(self, slot: Slot, key: str, source: Path, shape: Shape, *, may_link: bool) -> None:
        """Replace the entry of `slot` by what `source` holds."""
        try:
            with self._held(self._entry(slot)):
                self._replace(slot, key, source, shape, may_link=may_link)
            self._tidy()
        except (OSError, CommandFailedError) as error:
            self.say(f"warning: {slot.name} can't be kept for later: {_reason(error)}")

    def drop(self, slot: Slot) -> None:
        """Remove the entry of `slot`."""
        entry = self._entry(slot)
        with self._held(entry):
            self._discard(entry)

    def _replace(self, slot: Slot, key: str, source: Path, shape: Shape, *, may_link: bool) -> None:
        entry, account = self._entry(slot), self.shell.account
        with self._aside() as place:
            fresh = Entry(place)
            link = may_link and shape.links is not Links.NEVER
            make_place(place, account)
            duplicate(self.shell, source, fresh.files, shape, link=link)
            close_place(place, account)
            found = list_directory(fresh.files)
            self._discard(entry)
            if found.size > self.limit:
                limit = f"{self.limit / _MIB:.0f} MiB"
                self.say(f"{slot.name}: not kept for later, larger than all may be ({limit})")
                return
            fresh.write_note(
                Note(
                    key=key,
                    files=found.files,
                    size=found.size,
                    digest=found.digest,
                    may_link=may_link,
                )
            )
            let_pass(entry.place.parent.parent, account)
            let_pass(entry.place.parent, account)
            place.rename(entry.place)

    def _entry(self, slot: Slot) -> Entry:
        name = slot.name.replace("/", "-")
        return Entry(self.root / slot.project / slot.environment / name)

    def _held(self, entry: Entry) -> AbstractContextManager[None]:
        return held(_lock_of(entry), self.shell)

    @contextmanager
    def _aside(self) -> Iterator[Path]:
        """Yield a new path beside the entries; what is there in the end is removed."""
        let_pass(self.root, self.shell.account)
        path = self.root / f".{secrets.token_hex(8)}"
        with _registry:
            _unfinished.add(path)
        try:
            yield path
        finally:
            remove(path, self.shell.account)
            with _registry:
                _unfinished.discard(path)

    def _discard(self, entry: Entry) -> None:
        """Remove an entry, so that it is never there in part."""
        with suppress(OSError), self._aside() as gone:
            entry.place.rename(gone)

    def _tidy(self) -> None:
        """Remove what a crash has left, and what was not used for longest, down to the limit."""
        with _registry:
            leftovers = [path for path in self.root.glob(".*") if path not in _unfinished]
        for path in leftovers:
            remove(path, self.shell.account)
        entries = [Entry(place) for place in self.root.glob("[!.]*/*/*")]
        entries.sort(key=lambda entry: entry.last_use)
        sizes = {entry: note.size for entry in entries if (note := entry.note())}
        excess = sum(sizes.values()) - self.limit
        for entry in entries:
            size = sizes.get(entry)
            # Without a note it is no use to anybody.
            if (size is None or excess > 0) and self._discard_idle(entry):
                excess -= size or 0

    def _discard_idle(self, entry: Entry) -> bool:
        """Remove an entry unless another job is at it."""
        lock = _lock_of(entry)
        if not lock.acquire(blocking=False):
            return False
        try:
            self._discard(entry)
        finally:
            lock.release()
        return True


def _lock_of(entry: Entry) -> threading.Lock:
    with _registry:
        return _locks[entry.place]


def _reason(error: OSError | CommandFailedError) -> str:
    """Say what went wrong without the names of thousands of files."""
    if isinstance(error, CommandFailedError):
        return next(iter(error.output.splitlines()), f"exit code {error.exit_code}")
    return str(error)
