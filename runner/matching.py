"""Finds needles and known kinds of secrets in bytes that may go on later.

One Aho-Corasick automaton looks for the first bytes of every needle and for the anchors of the
patterns; only where one stands is the rest compared. So the cost of a text without secrets does
not grow with the number and the length of the needles.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from ahocorasick_rs import BytesAhoCorasick, Implementation

from . import patterns
from .needles import HEAD_BYTES, WHITESPACE, Loose
from .patterns import OPEN, Span

MAX_FAST_HEADS = 8000
"""Beyond, the automaton takes 2 MB instead of 20 and is half as fast; 50 secrets make 1,400."""

_MAX_GAPS = 1024
"""Bytes of whitespace within a loose needle, beyond as much again as the needle has itself."""


class Matcher(Protocol):
    """Tells what stands where the automaton found a head."""

    def __call__(self, data: bytes, start: int, *, final: bool) -> Span | None:
        """Return the span to mask, None, or OPEN when more text must tell.

        `final` says that nothing follows `data`.
        """


class Index:
    """What to look for; never changes."""

    def __init__(self, exact: Iterable[bytes], loose: Iterable[Loose]) -> None:
        matchers: dict[bytes, list[Matcher]] = defaultdict(list)
        for needle in exact:
            matchers[needle[:HEAD_BYTES]].append(_exact(needle))
        for head, compact in loose:
            matchers[head].append(_loose(compact))
        self._needle_starts = _proper_prefixes(matchers)
        for anchor, pattern in patterns.anchors():
            matchers[anchor].append(pattern.at)
        self._starts = _proper_prefixes(matchers)
        self._longest_start = max(map(len, matchers)) - 1
        self._matchers = tuple(map(tuple, matchers.values()))
        fast = len(matchers) <= MAX_FAST_HEADS
        implementation = Implementation.DFA if fast else Implementation.ContiguousNFA
        self._automaton = BytesAhoCorasick(matchers, implementation=implementation)

    def scan(self, data: bytes, *, final: bool) -> tuple[list[Span], int]:
        """Return the spans to mask, as found, and where what may still become a secret begins.

        With `final` nothing follows `data`: patterns are decided, and the second figure is where
        the beginning of a needle stands at the end.
        """
        spans: list[Span] = []
        hold = self._short_start(data, self._needle_starts if final else self._starts)
        for number, start, _ in self._automaton.find_matches_as_indexes(data, overlapping=True):
            for matcher in self._matchers[number]:
                span = matcher(data, start, final=final)
                if span is None:
                    continue
                if span is OPEN:
                    hold = min(hold, start)
                else:
                    spans.append(span)
        return spans, hold

    def _short_start(self, data: bytes, starts: frozenset[bytes]) -> int:
        """Return where the longest end of `data` begins that is the start of a head."""
        for length in range(min(self._longest_start, len(data)), 0, -1):
            if data[-length:] in starts:
                return len(data) - length
        return len(data)


def _proper_prefixes(heads: Iterable[bytes]) -> frozenset[bytes]:
    return frozenset(head[:length] for head in heads for length in range(1, len(head)))


def _exact(needle: bytes) -> Matcher:
    length = len(needle)

    def at(data: bytes, start: int, *, final: bool) -> Span | None:  # noqa: ARG001 - as Matcher
        if data.startswith(needle, start):
            return start, start + length
        rest = len(data) - start
        return OPEN if rest < length and needle.startswith(data[start:]) else None

    return at


def _loose(compact: bytes) -> Matcher:
    length = len(compact)

    def at(data: bytes, start: int, *, final: bool) -> Span | None:  # noqa: ARG001 - as Matcher
        position, done = start, 0
        limit = start + 2 * length + _MAX_GAPS
        while done < length:
            piece = data[position : position + length - done]
            if not piece:
                return OPEN
            text = piece.translate(None, WHITESPACE)
            position, done = position + len(piece), done + len(text)
            if position > limit or not compact.startswith(text, done - len(text)):
                return None
        return start, position

    return at
