"""What hosters write into a `.htaccess`: parts of theirs, between lines that begin and end them.

They choose the PHP of a site or start its app, so a release that brings a `.htaccess` of its own
needs them too.
"""

from collections.abc import Iterator

_OWNERS = (b"cpanel-generated", b"cloudlinux")


def with_parts(own: bytes, live: bytes | None) -> bytes:
    """Return a release's `.htaccess` with the hosters' parts of the live one in place of its own."""
    parts = b"".join(line for line, is_theirs in _marked(live or b"") if is_theirs)
    if not parts:
        return own
    kept = b"".join(line for line, is_theirs in _marked(own) if not is_theirs)
    return kept.rstrip(b"\n") + b"\n" * bool(kept.strip()) * 2 + parts.rstrip(b"\n") + b"\n"


def _marked(text: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield the lines, and whether each belongs to a part of a hoster's."""
    is_inside = False
    for line in text.splitlines(keepends=True):
        is_border = line.lstrip().startswith(b"#") and any(
            owner in line.lower() for owner in _OWNERS
        )
        is_inside = is_inside or (is_border and b"BEGIN" in line)
        yield line, is_inside
        is_inside = is_inside and not (is_border and b"END" in line)
