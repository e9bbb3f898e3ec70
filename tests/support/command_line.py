"""The command line as a user runs it, in this process: arguments in, code and text out."""

import io
import sys
from dataclasses import dataclass

import pytest

from cli import main as entry


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


class CommandLine:
    """Calls `deployr` with arguments; `stdin` is what is piped into it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: str = "") -> Said:
        """Run the command to its end."""
        self._monkeypatch.setattr(sys, "argv", ["deployr", *arguments])
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            entry.main()
        said = self._capsys.readouterr()
        return Said(code=int(left.value.code or 0), out=said.out, err=said.err)
