"""Secrets that are known by their look: tokens, keys, passwords in addresses and headers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from deployr.tokens import TokenKind

Span = tuple[int, int]
"""First byte, and the one behind the last."""

OPEN: Span = (-1, -1)
"""Says that only more text can tell."""

MAX_PEM_BYTES = 32 * 1024
"""A key of RSA with 16,384 bits takes 13 KB."""


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Looked at only where one of its anchors stands."""

    anchors: tuple[bytes, ...]
    shape: re.Pattern[bytes]
    """Matches, from the anchor on, as much as the secret may take; it is always bounded."""

    secret: re.Pattern[bytes]
    """Matches within `shape`; its group that matched is what is masked."""

    def at(self, data: bytes, start: int, *, final: bool) -> Span | None:
        """Return what to mask of the anchor at `start`; `final` says that nothing follows `data`."""
        shape = self.shape.match(data, start)
        if shape is None:
            return None
        if shape.end() == len(data) and not final:
            return OPEN
        found = self.secret.match(data, start, shape.end())
        return found.span(found.lastindex or 0) if found else None


class PemBlock:
    """A private key: from its first line to its last, or to where it breaks off."""

    anchors = (b"-----BEGIN ",)
    _begin = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}?PRIVATE KEY(?: BLOCK)?-----")
    _begin_shape = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,64}-{0,5}")
    _end = re.compile(rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
    # Headers and the last line; else a run of base64, behind whatever a program puts before each
    # line. What comes behind a block that broke off must stay readable.
    _key_line = re.compile(
        rb"\s*(?:[A-Z][A-Za-z]*(?:-[A-Za-z]+)?: [^\n]{1,200}|(?=\S)[0-9A-Za-z+/]*=?[0-9A-Za-z+/]*=*)\s*\Z"
        rb"|[^\n]*[0-9A-Za-z+/]{24}"
    )
    _max_strays = 1  # an empty line; the short last one when something stands before each line

    def at(self, data: bytes, start: int, *, final: bool) -> Span | None:
        """Return what to mask of the block that may begin at `start`; see `Pattern.at`."""
        begin = self._begin.match(data, start)
        if begin is not None:
            return self._block(data, begin, final=final)
        shape = self._begin_shape.match(data, start)
        undecided = shape is not None and shape.end() == len(data) and not final
        return OPEN if undecided else None

    def _block(self, data: bytes, begin: re.Match[bytes], *, final: bool) -> Span | None:
        """Follow the lines of a block to its end, or as far as they look like a key."""
        start, done = begin.span()
        at, strays = done, -1  # what follows on the first line does not count
        limit = min(len(data), start + MAX_PEM_BYTES)
        if (following := data.find(self.anchors[0], done, limit)) >= 0:
            limit = following
        while at <= limit:
            newline = data.find(b"\n", at, limit)
            line_end = limit if newline < 0 else newline
            if end := self._end.search(data, at, line_end):
                return start, end.end()
            if newline < 0 and len(data) == limit and not final:
                return OPEN
            if self._key_line.match(data, at, line_end):
                strays, done = 0, line_end
            else:
                strays += 1
            if strays > self._max_strays:
                break
            at = line_end + 1
        return start, done


Generic = Pattern | PemBlock


def token(*prefixes: str, body: str = "0-9A-Za-z", least: int, most: int = 255) -> Pattern:
    """Return the pattern of tokens that begin with one of `prefixes`, then `least` characters."""
    anchors = "|".join(map(re.escape, prefixes))
    return Pattern(
        anchors=tuple(prefix.encode() for prefix in prefixes),
        shape=re.compile(f"(?:{anchors})[{body}]{{0,{most}}}".encode()),
        secret=re.compile(f"((?:{anchors})[{body}]{{{least},{most}}})".encode()),
    )


_AUTHORIZATION = rb"[Aa][Uu][Tt][Hh][Oo][Rr][Ii][Zz][Aa][Tt][Ii][Oo][Nn]"
_QUOTES = rb"[\\\"']{0,4}"
_GAP = _QUOTES + rb"[ \t]{0,8}(?::|=>?)[ \t]{0,8}" + _QUOTES
_SCHEME = rb"(?:[Bb]asic|[Bb]earer|BEARER|[Tt]oken)[ \t]{1,4}"
_WORD = rb"[^\s\"'\\,;<>]"
_REST = rb"[^\r\n\"'\\<>]"
_NO_DIGIT = rb"[^\r\n\"'\\<>0-9]"
_BEARER = rb"(?:Bearer|bearer|BEARER) "
_BEARER_BODY = rb"[0-9A-Za-z._~+/=-]"

GENERIC: tuple[Generic, ...] = (
    PemBlock(),
    token(*TokenKind, least=49),
    token("ghp_", "gho_", "ghu_", "ghs_", "ghr_", least=20),
    token("github_pat_", body="0-9A-Za-z_", least=20),
    token("glpat-", "gldt-", "glrt-", "glcbt-", body="0-9A-Za-z_.-", least=16),
    token("AKIA", "ASIA", body="0-9A-Z", least=16, most=16),
    token("xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", body="0-9A-Za-z-", least=10),
    token("npm_", least=36),
    token("sk_live_", "rk_live_", least=20),
    Pattern(
        anchors=(b"://",),
        shape=re.compile(rb"://[^\s/'\"]{0,501}"),
        secret=re.compile(rb"://([^\s/'\"]{1,500})@"),
    ),
    Pattern(
        anchors=(b"Authorization", b"authorization", b"AUTHORIZATION"),
        shape=re.compile(
            rb"%b(?:%b(?:[ \t]{0,8}(?:(?::|=>?)(?:[ \t]{0,8}(?:%b%b{0,4096})?)?)?)?)?"
            % (_AUTHORIZATION, _QUOTES, _QUOTES, _REST)
        ),
        # Behind a scheme that is not known: what has a digit or is long, so that prose stays.
        secret=re.compile(
            rb"%b%b(?:%b(%b{4,4096})|(?=%b{0,4096}[0-9]|%b{16})(%b{8,}))"
            % (_AUTHORIZATION, _GAP, _SCHEME, _WORD, _NO_DIGIT, _WORD, _REST)
        ),
    ),
    Pattern(
        anchors=(b"Bearer ", b"bearer ", b"BEARER "),
        shape=re.compile(rb"%b%b{0,4096}" % (_BEARER, _BEARER_BODY)),
        # "bearer authentication-required" is no token: one without any digit is rare.
        secret=re.compile(
            rb"%b(?=[A-Za-z._~+/=-]{0,4096}[0-9])(%b{16,4096})" % (_BEARER, _BEARER_BODY)
        ),
    ),
)


def anchors() -> Iterable[tuple[bytes, Generic]]:
    """Yield each text to search for, with the pattern to try there."""
    return ((anchor, pattern) for pattern in GENERIC for anchor in pattern.anchors)
