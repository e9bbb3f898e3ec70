"""A runner that the machine holds up for a moment still hears all that a command says."""

import os
import select
import time
from types import SimpleNamespace

from runner import shell
from runner.shell import Command, Shell
from runner.stop import StopFlag


def test_what_comes_between_two_looks_at_a_command_that_ends_is_heard(tmp_path, monkeypatch):
    def held_up(*what):
        found = select.select(*what)
        time.sleep(0.3)
        return found

    monkeypatch.setattr(shell, "select", SimpleNamespace(select=held_up))
    command = Command.line("sleep 0.25; echo last words", tmp_path, {"PATH": os.environ["PATH"]})
    heard: list[bytes] = []
    with StopFlag() as stop:
        Shell(stop, "mark-of-a-test").run(command, heard.append)

    assert b"last words\n" == b"".join(heard)
