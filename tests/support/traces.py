"""Looks for a value in bytes, in the clear and in the encodings that tools print."""

import base64
import gzip
import zlib
from collections.abc import Iterable
from functools import cache
from urllib.parse import quote


@cache
def spellings(value: str) -> frozenset[bytes]:
    """Return the ways to write a value: as it is, reversed, hex, URL-encoded and base64.

    Of base64 only what any text around the value leaves unchanged, at each of three alignments.
    """
    raw = value.encode()
    ways = {raw, raw[::-1], raw.hex().encode(), raw.hex().upper().encode()}
    ways |= {quote(value, safe="").encode(), quote(value).encode()}
    ways.add("".join(f"%{byte:02X}" for byte in raw).encode())
    ways.add("".join(f"%{byte:02x}" for byte in raw).encode())
    ways.add("".join(f"\\u{ord(letter):04x}" for letter in value).encode())
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        # The first and the last letters also hold bits of what stands before and after.
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        core = coded[first:last]
        ways |= {core, core.translate(bytes.maketrans(b"+/", b"-_")), core[::-1]}
    return frozenset(ways)


def found_in(text: bytes, values: Iterable[str]) -> list[str]:
    """Return the values that stand in `text` in any spelling."""
    return [value for value in values if any(way in text for way in spellings(value))]


def unpacked(raw: bytes) -> bytes:
    """Return what gzip or zlib has packed, or nothing when it is not packed."""
    for unpack in (gzip.decompress, zlib.decompress):
        try:
            return unpack(raw)
        except (OSError, EOFError, zlib.error):
            continue
    return b""
