"""Accounts with a shell that trees are sent to."""

import shutil

import pytest

from runner.hosts.local import LocalHost
from runner.transfer.shell_sender import ShellSender
from tests.support.sshd import Sshd
from tests.unit.runner.hosts.conftest import host_of
from tools.demo.processes import pauses

__all__ = ["host_of"]

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module", params=["full", "jailed"])
def server(request):
    with Sshd(request.param) as made:
        yield made


@pytest.fixture
def root(server):
    """An empty deploy root of the account, on the server."""
    place = server.home / "app"
    for name in ("releases", ".deployr"):
        (place / name).mkdir(parents=True)
    for each in (place, *place.iterdir()):
        shutil.chown(each, server.user)
    yield place
    for _ in pauses(PATIENCE_SECONDS):  # what a test has broken off may still write there
        if not server.commands():
            break
    shutil.rmtree(place)


@pytest.fixture
def sender(server, host_of, tmp_path):
    return ShellSender(host_of(server), tmp_path / "cache")


@pytest.fixture
def here(tmp_path):
    """A deploy root on this machine, and what sends to it."""
    place = tmp_path / "here"
    for name in ("releases", ".deployr"):
        (place / name).mkdir(parents=True)
    return place, LocalHost("mark-of-tests", tmp_path / "cache").sender


@pytest.fixture
def tree(tmp_path):
    place = tmp_path / "tree"
    place.mkdir()
    place.chmod(0o755)
    return place
