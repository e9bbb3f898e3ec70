"""What the command line asks whoever sits at a terminal."""

import json
import os
import pty
import subprocess
import sys

import pytest

from tests.support.cli_process import ROOT
from tests.support.live import register


@pytest.fixture
def grace(deployr, checkout, another):
    """An owner of Ada's project of this checkout."""
    deployr("push", "--create", "--no-follow")
    run = another("grace")
    deployr("members", "invite", "grace", "--role", "owner")
    run("invitations", "accept", "app")
    return run


def at_terminal(*arguments, answer):
    """Run the command line as Ada on a terminal of its own; return its exit code and words."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cli", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        said = b""
        try:
            while piece := os.read(ours, 4096):
                said += piece
        except OSError:  # how Linux says that nobody writes any more
            os.close(ours)
    return process.returncode, said.decode()


def test_removing_a_member_is_asked_for(deployr, grace):
    kept = at_terminal("members", "remove", "grace", answer="n")
    assert (130, True) == (kept[0], "Remove grace from ada/app? [y/N]" in kept[1])
    assert 0 == grace("projects", "show", "ada/app").code

    assert 0 == at_terminal("members", "remove", "grace", answer="y")[0]
    assert 4 == grace("projects", "show", "ada/app").code


def test_several_runners_are_to_choose_from_with_their_owners(deployr, grace, backend):
    for run, name in ((deployr, "web-1"), (grace, "web-1"), (grace, "unshared")):
        added = json.loads(run("runners", "add", "--path", "/srv/app", "--json").out)
        register(backend, added["code"], name)
    grace("runners", "share", "web-1")

    code, said = at_terminal("push", "--no-follow", answer="grace/web-1")

    assert (0, True) == (code, "Which runner? (grace/web-1, web-1)" in said), said
    assert "runner:       grace/web-1\n" in deployr("projects", "show", "app").out
