"""Keeps secrets out of everything that leaves the server."""

import base64
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

from deployr.tokens import TOKEN_PATTERN

MASK = "[masked]"
MIN_LENGTH = 4
"""Shorter values would mask half of every log; they are named in a warning instead."""

MAX_PATTERN_LENGTH = 512
"""No match of `_PATTERNS` is longer."""

_PATTERNS = (
    TOKEN_PATTERN,
    re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{20,255}|github_pat_[0-9A-Za-z_]{20,255})"),
    re.compile(r"\b(?:glpat|gldt|glrt|glcbt)-[0-9A-Za-z_.-]{16,255}"),
    re.compile(r"://([^\s/'\"]{1,500})@"),
)

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What the log drops, so that secrets show up without it."""

_HARMLESS = frozenset(
    """
    true false null none local production staging testing development debug info notice warning
    error file sync array cookie database redis mysql mariadb pgsql sqlite smtp stack single
    daily public localhost 127.0.0.1 laravel
    """.split()  # noqa: SIM905 - reads as the list of words that it is
)
_SECRET_NAME = re.compile(r"PASS|PWD|SECRET|TOKEN|KEY|CRED|AUTH", re.IGNORECASE)
_PLAIN_ORIGIN = re.compile(r"https?://[\w.-]+(:\d+)?/?")

Span = tuple[int, int]


class Redactor:
    """Replaces secret values, in any common encoding, and known kinds of tokens by a mask."""

    def __init__(self) -> None:
        self._needles: tuple[str, ...] = ()
        self.holdback = MAX_PATTERN_LENGTH

    def learn(self, values: Mapping[str, str]) -> list[str]:
        """Mask `values` (by name) from now on; return the names of those too short to mask."""
        secret = {name: value for name, value in values.items() if not _is_public(name, value)}
        found = {needle for value in secret.values() for needle in needles(value)}
        self._needles = tuple(sorted(found.union(self._needles), key=len, reverse=True))
        self.holdback = max([MAX_PATTERN_LENGTH, *(len(needle) for needle in self._needles)])
        return sorted(name for name, value in secret.items() if 0 < len(value) < MIN_LENGTH)

    def text(self, text: str, covered: int = 0) -> str:
        """Return `text` with every secret in it masked; for `covered`, see `split`."""
        return _masked(text, self._spans(text, covered), covered)

    def split(self, text: str, covered: int = 0) -> tuple[str, str, int]:
        """Mask the safe front of a line that has not ended.

        Returns it, the unmasked rest, and how many characters of the rest belong to a secret
        whose mask stands at the end of the front. The rest holds any secret that may still grow.
        """
        cut = len(text) - self.holdback
        # A cut in or behind :// would hide that a password follows.
        if (mark := text.find("://", max(0, cut - 3), max(0, cut + 2))) >= 0:
            cut = mark
        if cut <= 0:
            return "", text, covered
        spans = self._spans(text, covered)
        over = max([0, *(end - cut for start, end in spans if start < cut < end)])
        front = [(start, min(end, cut)) for start, end in spans if start < cut]
        return _masked(text[:cut], front, covered), text[cut:], over

    def _spans(self, text: str, covered: int) -> list[Span]:
        """Return where secrets stand, merged where they overlap or touch, in order."""
        merged: list[Span] = [(0, covered)] if covered else []
        for start, end in sorted(self._matches(text)):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def _matches(self, text: str) -> Iterator[Span]:
        for needle in self._needles:
            start = text.find(needle)
            while start >= 0:
                yield start, start + len(needle)
                start = text.find(needle, start + 1)
        for pattern in _PATTERNS:
            for match in pattern.finditer(text):
                yield match.span(pattern.groups)


def needles(value: str) -> set[str]:
    """Return the texts in which `value` or one of its lines may show up in a line of output."""
    parts: set[str] = set()
    for whole in (value, CONTROL.sub("", value)):
        parts.update((whole, *whole.splitlines(), *map(str.strip, whole.splitlines())))
    # In an env file PHP and shells take \$ for a plain dollar sign, python-dotenv does not.
    parts.update([part.replace("\\$", "$") for part in parts])
    found: set[str] = set()
    for part in parts:
        if len(part) >= MIN_LENGTH:
            found.update(_encodings(part))
    return {needle for needle in found if len(needle) >= MIN_LENGTH and "\n" not in needle}


def _encodings(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "surrogateescape")
    yield value
    yield raw.decode("utf-8", "replace")  # as the log shows what is no UTF-8
    yield from (raw.hex(), raw.hex().upper())
    yield from _base64_at_any_offset(raw)
    for quoted in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield quoted
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)
    for escaped in (json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value)):
        yield escaped[1:-1]
        yield escaped[1:-1].replace("/", "\\/")  # as PHP's json_encode writes it
    yield shlex.quote(value).strip("'")


def _base64_at_any_offset(raw: bytes) -> Iterable[str]:
    """Yield what stays the same of `raw` in base64, wherever it stands in the encoded bytes."""
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + raw).decode("ascii")
        # Characters that also hold bits of a neighbour vary: leave them out on both sides.
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        yield encoded[first:last]
        yield encoded[first:last].replace("+", "-").replace("/", "_")


def _is_public(name: str, value: str) -> bool:
    """Tell whether masking would only spoil the log: words, ports and addresses of the app."""
    if _SECRET_NAME.search(name):
        return False
    if value.lower() in _HARMLESS or _PLAIN_ORIGIN.fullmatch(value):
        return True
    return name.endswith("PORT") and value.isdigit()


def _masked(text: str, spans: list[Span], covered: int) -> str:
    pieces, done = [], 0
    for start, end in spans:
        # A span that was covered has its mask in the piece before.
        pieces += [text[done:start], "" if covered and start == 0 else MASK]
        done = end
    return "".join([*pieces, text[done:]])
