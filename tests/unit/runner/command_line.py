"""`deployr-runner` as a user runs it, in this process: arguments in, code and text out."""

import io
import sys
from dataclasses import dataclass

import pytest

from runner import main as entry
from runner.config import Places


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


class CommandLine:
    """Calls `deployr-runner` with arguments, in the places of one runner."""

    def __init__(
        self,
        places: Places,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self._places = ("--config-dir", str(places.config), "--state-dir", str(places.state))
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: str = "") -> Said:
        """Run the command to its end."""
        self._monkeypatch.setattr(sys, "argv", ["deployr-runner", *self._places, *arguments])
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            entry.main()
        said = self._capsys.readouterr()
        return Said(code=int(left.value.code or 0), out=said.out, err=said.err)
