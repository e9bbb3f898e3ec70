"""The log of one job: lines of text, cleaned and masked, kept until the backend has them."""

import codecs
import re
import threading

from deployr.logchunk import MAX_CHUNK_BYTES

from .redact import CONTROL, Redactor

MAX_LINE_CHARS = 64 * 1024
MAX_LOG_BYTES = 16 * 1024 * 1024
"""More than the backend keeps of a job; bounds the memory of the runner."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_UNFINISHED = re.compile(r"(?:\r|\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?)?\Z")
_UNFINISHED_CHARS = 256
_CUT = b"\n[the log is cut here: it grew beyond 16 MiB]\n"


class JobLog:
    """Written by the thread that works, read by the one that reports."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._partial = ""
        self._covered = 0
        self._bytes = bytearray()
        self._is_cut = False
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        """Append a line, or several, of our own."""
        self.end_output()
        self._append(self._redactor.text(_clean(text)) + "\n")

    def output(self, chunk: bytes) -> None:
        """Append output of a command as it comes, cut anywhere."""
        text = self._partial + self._decoder.decode(chunk)
        complete, newline, self._partial = text.rpartition("\n")
        if newline:
            self._append(self._masked(complete + newline))
        if len(self._partial) > MAX_LINE_CHARS + self._redactor.holdback:
            self._append_front()

    def end_output(self) -> None:
        """Finish the last line of a command's output when it lacks its newline."""
        rest = self._partial + self._decoder.decode(b"", final=True)
        self._partial = ""
        if rest:
            self._append(self._masked(rest) + "\n")

    def chunk(self, offset: int) -> bytes:
        """Return what stands at `offset`, at most as much as one post carries."""
        with self._lock:
            return bytes(self._bytes[offset : offset + MAX_CHUNK_BYTES])

    @property
    def size(self) -> int:
        """Bytes of the log so far."""
        with self._lock:
            return len(self._bytes)

    def _masked(self, text: str) -> str:
        covered, self._covered = self._covered, 0
        return self._redactor.text(_clean(text), covered)

    def _append_front(self) -> None:
        """Append what is safe of a line that grew too long to wait for its end."""
        # The rest of an escape sequence, or of \r\n, comes with the next chunk.
        unfinished = _UNFINISHED.search(self._partial, len(self._partial) - _UNFINISHED_CHARS)
        end = unfinished.start() if unfinished else len(self._partial)
        front, tail = self._partial[:end], self._partial[end:]
        safe, rest, self._covered = self._redactor.split(_clean(front), self._covered)
        self._partial = rest + tail
        self._append(safe)

    def _append(self, text: str) -> None:
        raw = text.encode("utf-8", "replace")
        with self._lock:
            if self._is_cut:
                return
            self._is_cut = len(self._bytes) + len(raw) > MAX_LOG_BYTES
            self._bytes += _CUT if self._is_cut else raw


def _clean(text: str) -> str:
    """Drop colours and other control characters; progress that rewrites its line gets lines."""
    plain = _ANSI.sub("", text).replace("\r\n", "\n")
    return CONTROL.sub("", plain.replace("\r", "\n"))
