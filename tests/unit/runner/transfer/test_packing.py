"""Archives are packed for hosts that are far away, if they can be unpacked there."""

import os
import shutil

import pytest

from runner.hosts.local import LocalHost
from runner.transfer.shell_sender import ShellSender
from tests.support.sshd import JAILED_TOOLS
from tests.unit.runner.transfer.trees import facts, make_hostile, write

TEXT = 2_000_000


class Counted(LocalHost):
    """Counts what it is fed."""

    def run(self, script, *, stdin=(), **options):
        self.fed = 0
        return super().run(script, stdin=map(self._count, stdin), **options)

    def _count(self, piece):
        self.fed += len(piece)
        return piece


@pytest.fixture
def host(tmp_path):
    return Counted("mark-of-packing", tmp_path / "cache")


@pytest.fixture
def send(host, tree, tmp_path):
    """Send a tree with names of all kinds, a large text and what can't be packed."""
    make_hostile(tree)
    write(tree, "text", b"line\n" * (TEXT // 5))
    write(tree, "noise", os.urandom(600_000))

    def sent():
        place = tmp_path / "here/releases/1"
        ShellSender(host, tmp_path / "cache").send(tree, str(place), None, lambda *_: None)
        return facts(place)

    return sent


def test_far_host(host, tree, send):
    host.answer_seconds = 0.03

    assert facts(tree) == send()
    assert 600_000 < host.fed < TEXT // 2


def test_near_host(host, tree, send):
    assert facts(tree) == send()
    assert host.fed > TEXT


def test_far_host_without_gzip(host, tree, send, tmp_path, monkeypatch):
    for tool in set(JAILED_TOOLS.split()) - {"gzip", "php"}:
        (tmp_path / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(tmp_path))
    host.answer_seconds = 0.03

    assert facts(tree) == send()
    assert host.fed > TEXT
