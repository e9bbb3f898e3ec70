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
        self._stream = redactor.stream()
        self._partial = ""
        self._bytes = bytearray()
        self._in_line = False
        self._is_cut = False
        self._lock = threading.Lock()

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

    def chunk(self, offset: int) -> bytes:
        """Return what stands at `offset`, at most as much as one post carries."""
        with self._lock:
            return bytes(self._bytes[offset : offset + MAX_CHUNK_BYTES])

    @property
    def size(self) -> int:
        """Bytes of the log so far."""
        with self._lock:
            return len(self._bytes)

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
        with self._lock:
            if self._is_cut or not raw:
                return
            self._in_line = not raw.endswith(b"\n")
            self._is_cut = len(self._bytes) + len(raw) > MAX_LOG_BYTES
            self._bytes += _CUT if self._is_cut else raw


def clean(text: str) -> str:
    """Drop colours and other control characters; progress that rewrites its line gets lines."""
    plain = _ANSI.sub("", text).replace("\r\n", "\n")
    return CONTROL.sub("", plain.replace("\r", "\n"))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
