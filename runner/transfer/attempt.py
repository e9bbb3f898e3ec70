"""One command that makes a release on a host."""

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..hosts.host import Entry, HostError, Progress, Sink
from .cache import Older
from .delta import Delta, compare, whole
from .feed import FAST, THOROUGH, Feed, is_far
from .listing import Listing, read_listing
from .manifest import Manifest
from .scripts import (
    EARLY,
    KEPT_SUMS,
    MANIFEST,
    MORE_SUMS,
    MUCH,
    PACKED,
    PLAIN,
    SIZES,
    SUMS,
    TREE,
    UNUSABLE,
    Order,
    name_list,
    sum_list,
)
from .tarstream import TarStream
from .tree import ROOT, Tree

_MOST_SAID = 300
_FIRST = 0.75
"""Part of the bytes: verifying those takes about as long as sending the rest, on a fast line."""
_MANY_FILES, _MANY_BYTES = 200, 8 * 1024 * 1024
_LIST_SECONDS = 300.0
"""Longer no list takes; a shell that was killed says nothing more."""
_NOTHING = Manifest({}, {})


class Runs(Protocol):
    """The part of a `Host` that is needed here."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def answer_seconds(self) -> float:
        """How long it last took to answer."""

    def run(self, script: str, *, stdin: Iterable[bytes] = (), sink: Sink) -> int:
        """As `Host.run` says."""


class UnusableError(Exception):
    """The older release on the host is not the one that we know, or can't be taken over."""


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """What is to be sent, and where to."""

    root: Path
    look: Future[Tree]
    """At `root`; the host is reached meanwhile."""
    goal: str
    progress: Progress
    sum_of: Callable[[Tree, str], str]
    """Returns the SHA-256 in hex of a file of the tree."""
    verify: bool
    """Whether what is taken over is hashed too."""


class Attempt:
    """One try; nothing of it is seen on the host before its end."""

    def __init__(
        self, host: Runs, shipment: Shipment, older: Older | None, *, is_slow: bool
    ) -> None:
        """`is_slow`: the line is known to be."""
        self._host = host
        self._shipment = shipment
        self._older = older
        self._old = _NOTHING
        self._is_slow = is_slow
        self._stream = TarStream(shipment.root, TREE)
        self._mark = secrets.token_hex(12)
        self._listing = Listing(self._mark.encode())
        self._news = threading.Event()
        self._is_over = False
        self._manifest = _NOTHING

    def run(self) -> Manifest:
        """Send it and return its manifest. Raises HostError, UnusableError, SlowError."""
        try:
            code = self._host.run(self._script(), stdin=self._stdin(), sink=self._take)
        finally:
            self._is_over = True
            self._news.set()
        if code == UNUSABLE and self._older:
            raise UnusableError
        if code:
            said = self._listing.problem() or f"the upload ended with exit code {code}"
            raise HostError(f"{self._host.name}: {said[:_MOST_SAID]}")
        return self._manifest

    def _script(self) -> str:
        older = self._older
        order = Order(
            goal=self._shipment.goal,
            mark=self._mark,
            previous=older.path if older else None,
            digest=older.digest if older else "",
        )
        return order.script()

    def _take(self, piece: bytes) -> None:
        self._listing.take(piece)
        self._news.set()

    def _stdin(self) -> Iterator[bytes]:
        delta = self._delta()
        feed = Feed(self._stream, _amount(delta.sent), self._shipment.progress)
        if self._older:
            yield name_list(delta.gone)
        pieces = self._archive(delta)
        if level := self._level():
            yield PACKED
            yield from feed.packed(pieces, level)
        else:
            yield PLAIN
            yield from feed.plain(pieces, lambda: self._listing.can_pack)
        feed.report(at_once=True)

    def _level(self) -> int:
        """Return how much the archive is packed; 0: not at all."""
        if not self._is_slow and not is_far(self._host.answer_seconds):
            return 0
        self._wait(lambda: self._listing.tells_packing)
        if not self._listing.can_pack:
            return 0
        return THOROUGH if self._is_slow else FAST

    def _archive(self, delta: Delta) -> Iterator[bytes]:
        """Yield what was changed, with the lists that verify it."""
        if _is_much((*delta.sent, *(delta.kept.values() if self._shipment.verify else ()))):
            self._stream.put(MUCH, b"")
        first, rest = _parts(delta.sent)
        yield from self._stream.write(first)
        self._stream.put(SUMS, self._sum_list(first))
        self._stream.put(EARLY, b"")
        # tar sets the time of a directory once it is elsewhere, so those that go on are sent again.
        parents = {each.path.rpartition("/")[0] or ROOT for each in rest}
        yield from self._stream.write(each for each in first if each.path in parents)
        yield from self._stream.write(rest)
        old = self._old.sums
        kept = {path: old[path] for path, each in delta.kept.items() if each.kind == "file"}
        there = {**self._shipment.look.result().entries, **delta.kept}
        self._manifest = Manifest(there, {**kept, **self._stream.sums})
        files, size = _amount(there.values())
        for name, data in (
            (MORE_SUMS, self._sum_list(rest)),
            (KEPT_SUMS, sum_list(kept.items() if self._shipment.verify else ())),
            (SIZES, b"%d %d\n" % (size, files)),
            (MANIFEST, self._manifest.text),
        ):
            self._stream.put(name, data)
        yield from self._stream.finish()

    def _sum_list(self, entries: Iterable[Entry]) -> bytes:
        sums = self._stream.sums
        return sum_list((each.path, sums[each.path]) for each in entries if each.kind == "file")

    def _delta(self) -> Delta:
        tree = self._shipment.look.result()
        if self._older is None:
            return whole(tree)
        try:
            self._old = self._older.manifest
            there = read_listing(self._list())
        except ValueError:
            raise UnusableError from None
        return compare(tree, self._old, there, lambda path: self._shipment.sum_of(tree, path))

    def _list(self) -> bytes:
        """Wait for the host's list of what stands in the older release."""
        if not self._wait(lambda: self._listing.text() is not None):
            raise UnusableError
        return self._listing.text() or b""

    def _wait(self, has_come: Callable[[], bool]) -> bool:
        """Wait for what the host says; tell whether it came."""
        while not has_come():
            if not self._news.wait(_LIST_SECONDS) or self._is_over:
                return False
            self._news.clear()
        return True


def _is_much(entries: Iterable[Entry]) -> bool:
    files, size = _amount(entries)
    return files > _MANY_FILES or size > _MANY_BYTES


def _amount(entries: Iterable[Entry]) -> tuple[int, int]:
    """Return how many files there are, and how many bytes in them."""
    sizes = [each.size for each in entries if each.kind == "file"]
    return len(sizes), sum(sizes)


def _parts(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """Return what is sent first and can be verified while the rest is sent."""
    left, cut = sum(each.size for each in entries) * _FIRST, 0
    while cut < len(entries) and left > 0:
        left -= entries[cut].size
        cut += 1
    return entries[:cut], entries[cut:]
