"""The startup file that Passenger finds starts what `current` leads to at that moment."""

import http.client
import os
import socket
import subprocess
from contextlib import contextmanager

import pytest

from runner.hosts.local import LocalHost
from runner.passenger import put_startup_file, restart
from tools.demo import processes
from tools.demo.ports import free_port

# As Next.js's standalone output: a server of its own, which reads its files while it runs.
SERVER = """
const fs = require('fs');
process.chdir(__dirname);
require('http').createServer((request, answer) => {
  const said = { env: process.env.NODE_ENV, host: process.env.HOSTNAME, page: fs.readFileSync('page', 'utf8') };
  answer.end(JSON.stringify(said));
}).listen(process.env.PORT, process.env.HOSTNAME);
"""
CPANELS = "console.log('It works!')"


@pytest.fixture
def root(tmp_path):
    """A deploy root with two releases."""
    for name in ("r1", "r2"):
        place = tmp_path / "app/releases" / name
        place.mkdir(parents=True)
        (place / "server.js").write_text(SERVER)
        (place / "page").write_text(name)
    (tmp_path / "app/current").symlink_to("releases/r1")
    return tmp_path / "app"


@pytest.fixture
def host(tmp_path):
    return LocalHost("test-passenger", tmp_path / "kept")


@contextmanager
def started(root):
    """Start the file as Passenger does; give what asks it."""
    port = free_port()
    env = {"PATH": os.environ["PATH"], "PORT": str(port), "NODE_ENV": "development"}
    process = subprocess.Popen(["node", "app.js"], cwd=root, env=env)

    def get():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/")
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    try:
        for _ in processes.pauses(60):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield get
    finally:
        process.kill()
        process.wait()


def test_running_app_keeps_its_release_and_a_new_one_has_the_new(root, host):
    put_startup_file(host, str(root))
    with started(root) as old:
        first = old()
        host.files.link("releases/r2", f"{root}/current")
        restart(host, str(root), "r2")
        later = old()
        with started(root) as new:
            second = new()

    assert '{"env":"production","host":"127.0.0.1","page":"r1"}' == first == later
    assert '"page":"r2"' in second
    assert "r2\n" == (root / "tmp/restart.txt").read_text()


def test_anothers_startup_file_is_kept_beside_ours(root, host):
    (root / "app.js").write_text(CPANELS)

    assert [True, False] == [put_startup_file(host, str(root)) for _ in range(2)]
    assert CPANELS == (root / "app.js.before-deployr").read_text()


def test_our_own_of_an_older_version_is_replaced_only(root, host):
    (root / "app.js").write_text("// Written by Deployr: starts the live release.\nold\n")

    assert put_startup_file(host, str(root))
    assert "realpathSync" in (root / "app.js").read_text()
    assert not (root / "app.js.before-deployr").exists()


def test_the_web_servers_user_may_read_it(root, host):
    put_startup_file(host, str(root))
    restart(host, str(root), "r1")

    assert 0o644 == (root / "app.js").stat().st_mode & 0o777
    # Two writes in a row may get the same time.
    os.utime(root / "tmp/restart.txt", (1, 1))
    restart(host, str(root), "r1")

    assert 1 < (root / "tmp/restart.txt").stat().st_mtime
