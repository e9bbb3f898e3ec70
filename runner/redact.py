"""Keeps secrets out of everything that leaves the server, and out of the runner's own log.

Secrets that a program splits, encrypts or computes with can't be found.
"""

import re
from collections.abc import Mapping

from . import needles
from .matching import Index
from .needles import CONTROL, MIN_LENGTH
from .patterns import Span

__all__ = ["CONTROL", "MASK", "MIN_LENGTH", "Redactor", "Stream"]

MASK = "[masked]"

MIN_CUT_OFF = 6
"""Bytes: a needle that the end of the output cuts off is masked from this length on."""

_MASK = MASK.encode()
_HARMLESS = frozenset(
    """
    true false null none local production staging testing development debug info notice warning
    error file sync array cookie database redis mysql mariadb pgsql sqlite smtp stack single
    daily public localhost 127.0.0.1 laravel
    """.split()  # noqa: SIM905 - reads as the list of words that it is
)
_SECRET_NAME = re.compile(r"PASS|PWD|SECRET|TOKEN|KEY|CRED|AUTH", re.IGNORECASE)
_PLAIN_ORIGIN = re.compile(r"https?://[\w.-]+(:\d+)?/?")


class Redactor:
    """Replaces secret values, in any common encoding, and known kinds of secrets by a mask.

    Where secrets overlap or touch, one mask stands for all of them.
    """

    def __init__(self) -> None:
        self._exact: set[bytes] = set()
        self._loose: set[needles.Loose] = set()
        self.index = Index((), ())

    def learn(self, values: Mapping[str, str]) -> list[str]:
        """Mask `values` (by name) from now on; return the names of those too short to mask.

        Streams that have begun know them from their next bytes on.
        """
        secret = {name: value for name, value in values.items() if not _is_public(name, value)}
        for value in secret.values():
            self._exact |= needles.exact(value)
            self._loose |= needles.loose(value)
        self.index = Index(self._exact, self._loose)
        return sorted(name for name, value in secret.items() if 0 < len(value) < MIN_LENGTH)

    def text(self, text: str) -> str:
        """Return `text`, which is whole, with every secret in it masked."""
        try:
            data = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # half a character of UTF-16, from JSON
            data = text.encode("utf-8", "replace")
        spans, _ = self.index.scan(data, final=True)
        if not spans:
            return text
        return _Writer().write(data, spans, len(data)).decode("utf-8", "replace")

    def stream(self) -> "Stream":
        """Return a new stream; it learns what this redactor learns."""
        return Stream(self)


class Stream:
    """Masks bytes that come in pieces, cut anywhere.

    What comes out is the same however the input was cut. Only what may still become part of a
    secret is held back, without a time limit.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = b""
        self._writer = _Writer()

    def feed(self, data: bytes) -> bytes:
        """Return what can be told by now, masked."""
        data = self._held + data
        spans, hold = self._redactor.index.scan(data, final=False)
        self._held = data[hold:]
        return self._writer.write(data, spans, hold)

    def finish(self) -> bytes:
        """Return what was held back, masked; after it the stream begins anew."""
        data, self._held = self._held, b""
        spans, cut_off = self._redactor.index.scan(data, final=True)
        end = len(data.rstrip())
        if end - cut_off >= MIN_CUT_OFF:
            spans.append((cut_off, end))
        rest = self._writer.write(data, spans, len(data))
        self._writer = _Writer()
        return rest


class _Writer:
    """Knows whether a mask was written last, and how far it reaches into what follows."""

    def __init__(self) -> None:
        self._covered = 0
        self._after_mask = False

    def write(self, data: bytes, spans: list[Span], end: int) -> bytes:
        """Return `data` up to `end`, masked; the rest, from `end` on, begins the next call's."""
        pieces: list[bytes] = []
        at = self._covered
        for start, stop in sorted(spans):
            if start >= end:
                break
            if start > at or not self._after_mask:
                pieces += (data[at:start], _MASK)
                self._after_mask = True
            at = max(at, stop)
        if at < end:
            pieces.append(data[at:end])
            self._after_mask = False
        self._covered = max(0, at - end)
        return b"".join(pieces)


def _is_public(name: str, value: str) -> bool:
    """Tell whether masking would only spoil the log: words, ports and addresses of the app."""
    if _SECRET_NAME.search(name):
        return False
    if value.lower() in _HARMLESS or _PLAIN_ORIGIN.fullmatch(value):
        return True
    return name.endswith("PORT") and value.isdigit()
