"""A command as a user runs it, in this process: arguments in, code and text out."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


class CommandLine:
    """Calls a command's `main` with arguments; `stdin` is what is piped into it."""

    def __init__(
        self,
        main: Callable[[], None],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        *first: str,
    ) -> None:
        """`first` are arguments that stand before those of each call."""
        self._main = main
        self._first = first
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: str = "") -> Said:
        """Run the command to its end."""
        self._monkeypatch.setattr(sys, "argv", ["command", *self._first, *arguments])
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            self._main()
        said = self._capsys.readouterr()
        return Said(code=int(left.value.code or 0), out=said.out, err=said.err)
