"""Accounts at real SSH servers, and our way in."""

import shutil
import time

import pytest

from runner.hosts.book import HostEntry
from runner.hosts.local import LocalHost
from runner.hosts.ssh_host import SshHost
from tests.support.sshd import Sshd
from tests.unit.runner.hosts.accounts import Bash


@pytest.fixture(scope="module")
def server():
    """An account with a shell."""
    with Sshd() as made:
        yield made


@pytest.fixture(scope="module")
def server_of():
    """Start the server of a shape once."""
    made = {}

    def start(shape):
        if shape not in made:
            made[shape] = Sshd(shape)
        return made[shape]

    yield start
    for one in made.values():
        one.stop()


@pytest.fixture
def host_of(tmp_path):
    """Connect to a server, as registered with `changes`."""
    made = []

    def connect(server, **changes):
        proof = {"key": str(server.key)}
        if server.shape == "password":
            proof = {"password": server.password}
        fields = {"name": "hoster", "host": "127.0.0.1", "port": server.port, "user": server.user}
        given = {**fields, "host_key": server.host_key, **proof, **changes}
        host = SshHost(HostEntry.model_validate(given), tmp_path / "hosts")
        made.append(host)
        return host

    yield connect
    for host in made:
        host.close()


@pytest.fixture
def host(server, host_of):
    return host_of(server)


@pytest.fixture
def place(server_of, tmp_path, request):
    """A directory of the account in which the scripts run, and the account's host."""
    shape = request.param
    if shape not in ("full", "jailed"):
        yield tmp_path, Bash() if shape == "bash" else LocalHost("mark", tmp_path / "kept")
        return
    server = server_of(shape)
    root = server.home / f"root-{time.monotonic_ns()}"
    root.mkdir()
    shutil.chown(root, server.user)
    yield root, request.getfixturevalue("host_of")(server)
    shutil.rmtree(root)
