"""The text of env files: read as PHP's dotenv and Python's read it, changed with all else kept."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dotenv.parser import parse_stream

_PARTS = re.compile(
    r"""(?P<head>\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=\#\s]+))
    (?:[^\S\r\n]*=[^\S\r\n]*(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\r\n]*?))?
    (?P<tail>(?:[^\S\r\n]+\#[^\r\n]*|[^\S\r\n]*)(?:\r\n|\n|\r)?)""",
    re.DOTALL | re.VERBOSE,
)
_DOUBLE = re.compile(r"""\\(?P<char>["\\$'abfnrtv])|\$\{(?P<name>[A-Za-z0-9_.]+)\}""")
_UNQUOTED = re.compile(r"(?P<char>(?!))|\$\{(?P<name>[A-Za-z0-9_.]+)\}")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+=,~-]*")
# PHP's dotenv takes `="` in single quotes for the beginning of a value of several lines.
_SINGLE = re.compile(r"[^'\"\\\r\n]*")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of an env file, or the several that a quoted value goes over."""

    text: str
    number: int
    is_bad: bool
    """Whether no reader makes sense of it."""
    name: str | None
    """None for comments."""
    value: str | None
    """None for a name alone."""

    @property
    def quote(self) -> str:
        """The sign that the value is quoted with, or nothing."""
        found = _PARTS.fullmatch(self.text)
        raw = (found and found["value"]) or ""
        return raw[:1] if raw[:1] in {'"', "'"} else ""


def lines_of(text: str) -> Iterator[Line]:
    """Yield the lines; their texts together are the whole text, but for a byte order mark."""
    for found in parse_stream(io.StringIO(text)):
        yield Line(
            text=found.original.string,
            number=found.original.line,
            is_bad=found.error,
            name=found.key,
            value=found.value,
        )


def resolve(line: Line, known: Mapping[str, str]) -> str:
    """Return the line's value with `${NAME}` of `known` put in, where it is not quoted singly.

    Names that are not known stay as they are written.
    """

    def put_in(match: re.Match[str]) -> str:
        if char := match["char"]:
            return _ESCAPES.get(char, char)
        return known.get(match["name"], match[0])

    if line.value is None or line.quote == "'":
        return line.value or ""
    if line.quote == '"':
        parts = _PARTS.fullmatch(line.text)
        return _DOUBLE.sub(put_in, parts["value"][1:-1]) if parts else line.value
    return _UNQUOTED.sub(put_in, line.value)


def quoted(value: str) -> str:
    """Return `value` so that PHP's dotenv and ours read it back as it is."""
    if _PLAIN.fullmatch(value):
        return value
    if _SINGLE.fullmatch(value):
        return f"'{value}'"
    for char, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        value = value.replace(char, escaped)
    return '"' + value.replace("${", "\\${") + '"'


def with_value(text: str, name: str, value: str) -> str:
    """Return the text with `name` set to `value`, in its old place if it has one."""
    found = []
    is_set = False
    for line in lines_of(text):
        if line.name != name:
            found.append(line.text)
        elif not is_set:
            is_set = True
            found.append(_changed(line, value))
    if not is_set:
        if found and not found[-1].endswith(("\n", "\r")):
            found.append("\n")
        found.append(f"{name}={quoted(value)}\n")
    return "".join(found)


def without(text: str, name: str) -> str:
    """Return the text with `name` not set."""
    return "".join(line.text for line in lines_of(text) if line.name != name)


def _changed(line: Line, value: str) -> str:
    parts = _PARTS.fullmatch(line.text)
    head, tail = (parts["head"], parts["tail"]) if parts else (line.name, "\n")
    return f"{head}={quoted(value)}{tail}"
