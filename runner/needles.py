"""The forms in which a secret value may show up in what programs print."""

import base64
import html
import json
import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

MIN_LENGTH = 4
"""Characters. Shorter values would mask half of every log; they are named in a warning instead."""

HEAD_BYTES = 8
"""How much of a needle is searched for before the rest of it is compared."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What the log drops, so that secrets show up without it."""

WHITESPACE = b" \t\n\r\x0b\x0c"

Loose = tuple[bytes, bytes]
"""How it begins as printed, and all of it without whitespace, which is ignored in the text too."""


def exact(value: str) -> set[bytes]:
    """Return the bytes in which `value`, or a line of it, may be printed within a line."""
    found = {form for part in _parts(value) for form in _forms(part)}
    lines = _lines(value)
    if len(lines) > 1 and all(len(line) < MIN_LENGTH for line in lines):
        # No line is long enough to begin a loose needle with.
        found.update(_raw(gap.join(lines)) for gap in ("\n", "\r\n", " ", ""))
        return {form for form in found if len(form) >= MIN_LENGTH}
    return {form for form in found if len(form) >= MIN_LENGTH and b"\n" not in form}


def loose(value: str) -> set[Loose]:
    """Return the forms of `value` that may be folded: several lines and wrapped base64."""
    found: set[Loose] = set()
    for whole in _wholes(value):
        found.update(_folded(whole))
        if len(whole) >= MIN_LENGTH:
            for fragment in base64_forms(_raw(whole)):
                found.update(_wrapped(fragment))
    return found


def base64_forms(raw: bytes) -> Iterator[bytes]:
    """Yield what stays the same of `raw` in base64, wherever it stands in the encoded bytes."""
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + raw)
        # Characters that also hold bits of a neighbour vary: leave them out on both sides.
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        yield encoded[first:last]
        yield encoded[first:last].replace(b"+", b"-").replace(b"/", b"_")


def _wholes(value: str) -> set[str]:
    cleaned = {value, CONTROL.sub("", value)}
    # In an env file PHP and shells take \$ for a plain dollar sign, python-dotenv does not.
    return cleaned | {whole.replace("\\$", "$") for whole in cleaned}


def _lines(value: str) -> list[str]:
    return [line for line in map(str.strip, value.splitlines()) if line]


def _parts(value: str) -> set[str]:
    wholes = _wholes(value)
    lines = {line for whole in wholes for line in whole.splitlines()}
    parts = wholes | lines | {line.strip() for line in lines}
    return {part for part in parts if len(part) >= MIN_LENGTH}


def _folded(value: str) -> Iterator[Loose]:
    """Yield a value of several lines, from its first line that is long enough to search for.

    A needle that begins with `{` alone would hold back the end of every other line.
    """
    lines = _lines(value)
    while lines and len(lines[0]) < MIN_LENGTH:
        del lines[0]
    if len(lines) > 1:
        yield _raw(lines[0])[:HEAD_BYTES], _raw("".join(lines)).translate(None, WHITESPACE)


def _wrapped(fragment: bytes) -> Iterator[Loose]:
    """Yield base64 that may be wrapped after 64 or 76 columns, wherever it stands in its line.

    At most three of its characters, alone at the end of a line, are not found.
    """
    if len(fragment) < MIN_LENGTH:
        return
    yield fragment[:HEAD_BYTES], fragment
    for column in range(MIN_LENGTH, min(HEAD_BYTES, len(fragment))):
        yield fragment[:column] + b"\n" + fragment[column:HEAD_BYTES], fragment
    for missing in range(1, MIN_LENGTH):
        if len(fragment) - missing >= HEAD_BYTES:
            yield fragment[missing:][:HEAD_BYTES], fragment[missing:]


def _forms(value: str) -> Iterator[bytes]:
    raw = _raw(value)
    yield raw
    yield raw.decode("utf-8", "replace").encode()  # as the log shows what is no UTF-8
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    yield from base64_forms(raw)
    for form in (*_url_forms(raw), *_quoted_forms(value)):
        yield _raw(form)


def _url_forms(raw: bytes) -> Iterator[str]:
    # The last two are encodeURIComponent of JavaScript and urlencode of PHP.
    forms = (quote(raw, safe=""), quote(raw), quote_plus(raw), quote(raw, safe="!~*'()"))
    for quoted in (*forms, quote_plus(raw).replace("~", "%7E")):
        yield quoted
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)


def _quoted_forms(value: str) -> Iterator[str]:
    for escaped in (json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value)):
        inner = escaped[1:-1]
        yield inner
        yield inner.replace("/", "\\/")  # as PHP's json_encode writes it
        # As Go and Rails write JSON, and JSON within JSON.
        yield re.sub("[<>&]", lambda match: f"\\u{ord(match[0]):04x}", inner)
        yield json.dumps(inner, ensure_ascii=False)[1:-1]
    yield shlex.quote(value).strip("'")
    yield value.replace("'", "'\\''")  # as `set -x` shows it
    yield re.sub(r'([\\"$`])', r"\\\1", value)  # between double quotes
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)  # printf %q
    yield html.escape(value)


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
