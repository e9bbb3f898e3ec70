"""The log of one job: output becomes lines of clean, masked text, each with its time."""

import codecs
import re
from collections.abc import Callable
from datetime import UTC, datetime

from .redact import CONTROL, Redactor

MAX_LINE_CHARS = 64 * 1024

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_UNFINISHED = re.compile(r"(?:\r|\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?)?\Z")
_UNFINISHED_CHARS = 256


def utc_stamp() -> str:
    """Return what stands before a line that is finished now."""
    return datetime.now(UTC).strftime("%H:%M:%S ")


class JobLog:
    """Written by the thread that works; hands masked bytes to `append`."""

    def __init__(
        self,
        redactor: Redactor,
        append: Callable[[bytes], object],
        stamp: Callable[[], str] = utc_stamp,
    ) -> None:
        self._redactor = redactor
        self._sink = append
        self._stamp = stamp
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stream = redactor.stream()
        self._partial = ""
        self._in_line = False

    def line(self, text: str) -> None:
        """Append a line, or several, of our own."""
        self.end_output()
        self._append(_encoded(self._redactor.text(clean(text)) + "\n"))

    def output(self, chunk: bytes) -> None:
        """Append output of a command as it comes, cut anywhere.

        A line is masked as a whole, so that a colour code in a secret does not save it.
        """
        text = self._partial + self._decoder.decode(chunk)
        complete, newline, self._partial = text.rpartition("\n")
        if newline:
            self._append(self._masked(complete + newline))
        if len(self._partial) > MAX_LINE_CHARS:
            self._append_front()

    def end_output(self) -> None:
        """Finish the last line of a command's output when it lacks its newline."""
        rest = self._partial + self._decoder.decode(b"", final=True)
        self._partial = ""
        self._append(self._masked(rest) + self._stream.finish())
        if self._in_line:
            self._append(b"\n")

    def _masked(self, text: str) -> bytes:
        return self._stream.feed(_encoded(clean(text)))

    def _append_front(self) -> None:
        """Append what is there of a line that grew too long to wait for its end."""
        # The rest of an escape sequence, or of \r\n, comes with the next chunk.
        unfinished = _UNFINISHED.search(self._partial, len(self._partial) - _UNFINISHED_CHARS)
        end = unfinished.start() if unfinished else len(self._partial)
        front, self._partial = self._partial[:end], self._partial[end:]
        self._append(self._masked(front))

    def _append(self, raw: bytes) -> None:
        if not raw:
            return
        # The time comes after the masking: it would hide a secret of several lines.
        stamp = self._stamp().encode()
        lines = raw[:-1].replace(b"\n", b"\n" + stamp) + raw[-1:]
        self._sink(lines if self._in_line else stamp + lines)
        self._in_line = not raw.endswith(b"\n")


def clean(text: str) -> str:
    """Drop colours and other control characters; progress that rewrites its line gets lines."""
    plain = _ANSI.sub("", text).replace("\r\n", "\n")
    return CONTROL.sub("", plain.replace("\r", "\n"))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
