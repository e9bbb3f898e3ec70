"""Everything that reaches the terminal: lines, tables, logs, JSON. Nothing else prints."""

import codecs
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import click

from .errors import ExitCode

# All control sequences but colours: a log must not move the cursor, set titles or clear screens.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Also what turns the direction of writing: a text must read as it is.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Output:
    """Prints for people, or with `as_json` one JSON value to stdout and all else to stderr."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""

    def line(self, text: str = "") -> None:
        """Print a line of the answer."""
        _echo(_in_place(text) + "\n", err=self.as_json)

    def note(self, text: str) -> None:
        """Print a remark: progress or a warning, never the answer itself."""
        _echo(_in_place(text) + "\n", err=True)

    def success(self, text: str) -> None:
        """Print a line about something that went well."""
        self.line(_styled(text, "green"))

    def failure(self, text: str) -> None:
        """Print a line about something that did not."""
        self.line(_styled(text, "red"))

    def data(self, value: Any) -> None:  # noqa: ANN401 - whatever the API answered
        """Print a value as JSON."""
        _echo(json.dumps(value, indent=2) + "\n")

    def raw(self, text: str) -> None:
        """Print a text of ours as it is."""
        _echo(text)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print rows below headings, as wide as the terminal allows."""
        from rich.console import Console  # noqa: PLC0415 - slow to import, seldom needed
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(Text(_in_place(str(cell))) for cell in row))
        width = None if sys.stdout.isatty() else 200
        console = Console(width=width, highlight=False, no_color="NO_COLOR" in os.environ)
        with console.capture() as printed:
            console.print(table)
        _echo(printed.get())

    def log(self, raw: bytes) -> None:
        """Print a piece of a log, cut anywhere, made harmless for the terminal."""
        text = self._pending + self._decoder.decode(raw)
        # An escape sequence may be cut in two: keep its beginning for the next piece.
        cut = text.rfind("\x1b", max(0, len(text) - 32))
        whole = cut < 0 or "\n" in text[cut:] or _COLOUR.match(text[cut:]) is not None
        self._pending = "" if whole else text[cut:]
        _echo(safe(text if whole else text[:cut]), err=self.as_json)

    def end_log(self) -> None:
        """Print what `log` kept back."""
        rest = self._pending + self._decoder.decode(b"", final=True)
        self._pending = ""
        _echo(safe(rest), err=self.as_json)


def _echo(text: str, *, err: bool = False) -> None:
    """Print `text` as it is; leave when nobody reads it any more, as `head` does."""
    try:
        click.echo(text, nl=False, err=err)
    except BrokenPipeError:
        # Python flushes once more at its exit: that must not fail as well.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2 if err else 1)
        raise SystemExit(ExitCode.PIPE_CLOSED) from None


def safe(text: str) -> str:
    """Return `text` without what could drive the terminal; colours stay."""
    kept = _SEQUENCE.sub(lambda match: match[0] if _COLOUR.fullmatch(match[0]) else "", text)
    return _CONTROL.sub("", kept)


def _in_place(text: str) -> str:
    """Return `text` made safe, which also writes over nothing; logs may: their progress bars do."""
    return safe(text).replace("\r", "")


def short(commit: str | None) -> str:
    """Return the beginning of a commit's hash; `-` for none, which git writes as zeros."""
    return commit[:12] if commit and commit.strip("0") else "-"


def duration(seconds: float | None) -> str:
    """Return seconds as people say them: `45 seconds`, `2 minutes 5 seconds`."""
    whole = max(0, round(seconds or 0))
    minutes, rest = divmod(whole, 60)
    parts = [_counted(minutes, "minute")] if minutes else []
    return " ".join([*parts, _counted(rest, "second")])


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _styled(text: str, colour: str) -> str:
    return text if "NO_COLOR" in os.environ else click.style(text, fg=colour)
