"""One command that makes a release on a host."""

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ..hosts.host import Entry, HostError, Progress, Sink
from .cache import Older
from .delta import Delta, compare, whole
from .feed import Feed
from .listing import Listing, read_listing
from .manifest import Manifest
from .scripts import KEPT_SUMS, MANIFEST, SUMS, TREE, UNUSABLE, Order, name_list, sum_list
from .tarstream import TarStream
from .tree import Tree

_MOST_SAID = 300
_LIST_SECONDS = 300.0
"""Longer no list takes; a shell that was killed says nothing more."""
_NOTHING = Manifest({}, {})


class Runs(Protocol):
    """The part of a `Host` that is needed here."""

    @property
    def name(self) -> str:
        """What people call it."""

    def run(self, script: str, *, stdin: Iterable[bytes] = (), sink: Sink) -> int:
        """As `Host.run` says."""


class UnusableError(Exception):
    """The older release on the host is not the one that we know, or can't be taken over."""


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """What is to be sent, and where to."""

    tree: Tree
    goal: str
    progress: Progress
    sum_of: Callable[[Tree, str], str]
    """Returns the SHA-256 in hex of a file of the tree."""
    verify: bool
    """Whether what is taken over is hashed too."""


class Attempt:
    """One try; nothing of it is seen on the host before its end."""

    def __init__(
        self, host: Runs, shipment: Shipment, older: Older | None, *, is_packed: bool
    ) -> None:
        self._host = host
        self._shipment = shipment
        self._older = older
        self._is_packed = is_packed
        self._stream = TarStream(shipment.tree.root, TREE)
        mark = secrets.token_hex(12)
        entries = [each for each in shipment.tree.entries.values() if each.kind == "file"]
        self._order = Order(
            goal=shipment.goal,
            mark=mark,
            previous=older.path if older else None,
            digest=older.digest if older else "",
            is_packed=is_packed,
            files=len(entries),
            bytes=sum(each.size for each in entries),
        )
        self._listing = Listing(mark.encode())
        self._news = threading.Event()
        self._is_over = False
        self._manifest = _NOTHING

    def run(self) -> Manifest:
        """Send it and return its manifest. Raises HostError, UnusableError, SlowError."""
        try:
            script = self._order.script()
            code = self._host.run(script, stdin=self._stdin(), sink=self._take)
        finally:
            self._is_over = True
            self._news.set()
        if code == UNUSABLE and self._older:
            raise UnusableError
        if code:
            said = self._listing.problem() or f"the upload ended with exit code {code}"
            raise HostError(f"{self._host.name}: {said[:_MOST_SAID]}")
        return self._manifest

    def _take(self, piece: bytes) -> None:
        self._listing.take(piece)
        self._news.set()

    def _stdin(self) -> Iterator[bytes]:
        shipment, stream = self._shipment, self._stream
        delta = self._delta()
        files = [each for each in delta.sent if each.kind == "file"]
        total = (len(files), sum(each.size for each in files))
        feed = Feed(stream, total, shipment.progress)
        if self._older:
            yield name_list(delta.gone)
        pieces = self._archive(delta)
        yield from (
            feed.packed(pieces)
            if self._is_packed
            else feed.plain(pieces, lambda: self._listing.can_pack)
        )
        feed.report(at_once=True)

    def _archive(self, delta: Delta) -> Iterator[bytes]:
        """Yield what was changed, with the lists that verify it at the end."""
        stream, old = self._stream, self._older.manifest if self._older else _NOTHING
        yield from stream.write(delta.sent)
        kept = {path: old.sums[path] for path, each in delta.kept.items() if each.kind == "file"}
        entries = {
            path: delta.kept.get(path, entry) for path, entry in self._shipment.tree.entries.items()
        }
        self._manifest = Manifest(entries, {**kept, **stream.sums})
        lists = (
            (SUMS, sum_list(stream.sums.items())),
            (KEPT_SUMS, sum_list(kept.items() if self._shipment.verify else ())),
            (MANIFEST, self._manifest.to_bytes()),
        )
        yield from stream.finish(lists)

    def _delta(self) -> Delta:
        tree, older = self._shipment.tree, self._older
        if older is None:
            return whole(tree)
        there = self._there()
        return compare(tree, older.manifest, there, lambda path: self._shipment.sum_of(tree, path))

    def _there(self) -> dict[str, Entry]:
        """Wait for the host's list of what stands in the older release."""
        while (text := self._listing.text()) is None:
            if not self._news.wait(_LIST_SECONDS):
                raise UnusableError
            self._news.clear()
            if self._is_over:
                raise UnusableError  # nobody listens any more
        try:
            return read_listing(text)
        except ValueError:
            raise UnusableError from None
