"""Finds needles and known kinds of secrets in bytes that may go on later.

One Aho-Corasick automaton looks for the first bytes of every needle and for the anchors of the
patterns; only where one stands is the rest compared. So the cost of a text without secrets does
not grow with the number and the length of the needles.
"""

from collections.abc import Callable, Iterable

from ahocorasick_rs import BytesAhoCorasick, Implementation

from . import patterns
from .needles import HEAD_BYTES, WHITESPACE, Loose
from .patterns import OPEN, Span

_MAX_GAPS = 1024
"""Bytes of whitespace within a loose needle, beyond as much again as the needle has itself."""

Matcher = Callable[[bytes, int], Span | None]


class Index:
    """What to look for; never changes."""

    def __init__(self, exact: Iterable[bytes], loose: Iterable[Loose]) -> None:
        matchers: dict[bytes, list[Matcher]] = {}
        for needle in exact:
            matchers.setdefault(needle[:HEAD_BYTES], []).append(_exact(needle))
        for head, compact in loose:
            matchers.setdefault(head, []).append(_loose(compact))
        generic: dict[bytes, list[patterns.Generic]] = {}
        for anchor, pattern in patterns.anchors():
            generic.setdefault(anchor, []).append(pattern)
        heads = list(matchers.keys() | generic.keys())
        self._automaton = BytesAhoCorasick(heads, implementation=Implementation.DFA)
        self._matchers = [matchers.get(head, []) for head in heads]
        self._generic = [generic.get(head, []) for head in heads]
        self._needle_starts = _proper_prefixes(matchers)
        self._starts = _proper_prefixes(heads)
        self._longest_start = max(map(len, heads)) - 1

    def scan(self, data: bytes, *, final: bool) -> tuple[list[Span], int]:
        """Return the spans to mask, as found, and where what may still become a secret begins.

        With `final` nothing follows `data`: patterns are decided, and the second figure is where
        the beginning of a needle stands at the end.
        """
        spans: list[Span] = []
        hold = self._short_start(data, self._needle_starts if final else self._starts)
        for number, start, _ in self._automaton.find_matches_as_indexes(data, overlapping=True):
            found = [matcher(data, start) for matcher in self._matchers[number]]
            found += [pattern.at(data, start, final=final) for pattern in self._generic[number]]
            for span in found:
                if span is OPEN:
                    hold = min(hold, start)
                elif span:
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

    def at(data: bytes, start: int) -> Span | None:
        if data.startswith(needle, start):
            return start, start + length
        rest = len(data) - start
        return OPEN if rest < length and needle.startswith(data[start:]) else None

    return at


def _loose(compact: bytes) -> Matcher:
    length = len(compact)

    def at(data: bytes, start: int) -> Span | None:
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
