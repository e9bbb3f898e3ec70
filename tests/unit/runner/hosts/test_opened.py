"""The host of a name, with the parts that fit what it can do."""

import subprocess
import sys
from pathlib import Path

import pytest

from deployr.states import Reason
from runner.config import Places
from runner.errors import ConfigError, JobFailedError
from runner.hosts.book import HostEntry, save_hosts
from runner.hosts.host import HostError
from runner.hosts.opened import open_host
from runner.hosts.sftp_files import SftpFiles
from runner.hosts.shell_files import ShellFiles
from runner.transfer.sftp_sender import SftpSender
from runner.transfer.shell_sender import ShellSender


@pytest.fixture
def places(tmp_path):
    return Places(config=tmp_path / "config", state=tmp_path / "state")


@pytest.fixture
def open_named(places):
    made = []

    def open_(name):
        made.append(open_host(places, name, "mark-of-tests"))
        return made[-1]

    yield open_
    for host in made:
        host.close()


@pytest.mark.parametrize(
    ("shape", "files", "sender"),
    [
        ("full", ShellFiles, ShellSender),
        ("jailed", ShellFiles, ShellSender),
        ("sftp", SftpFiles, SftpSender),
    ],
)
def test_parts_of_a_registered_host_fit_what_it_can_do(
    shape, files, sender, server_of, places, open_named
):
    server = server_of(shape)
    entry = HostEntry(
        name="hoster",
        host="127.0.0.1",
        port=server.port,
        user=server.user,
        host_key=server.host_key,
        key=str(server.key),
    )
    save_hosts(places, [entry])
    host = open_named("hoster")
    assert ("hoster", 0) == (host.name, host.round_trips)
    assert (files, sender) == (type(host.files), type(host.sender))
    assert host.files is host.files
    host.files.write(f"{server.home}/note", b"text")
    assert ("text", server.user) == (
        (server.home / "note").read_text(),
        (server.home / "note").owner(),
    )


def test_own_account_has_what_a_registered_one_has(open_named, tmp_path):
    host = open_named(None)
    assert ("this account", str(Path.home())) == (host.name, host.probe.home)
    assert {"tar", "mv -T"} <= host.probe.tools
    assert host.probe is host.probe
    assert (ShellFiles, ShellSender) == (type(host.files), type(host.sender))
    host.files.write(f"{tmp_path}/note", b"text")
    assert b"text" == host.files.read(f"{tmp_path}/note")


def test_scripts_in_the_own_account_end_as_on_a_host(open_named):
    host = open_named(None)
    said: list[bytes] = []
    code = host.run("cat; echo err >&2; exit 7", stdin=[b"in\n"], sink=said.append)
    assert (7, b"in\nerr\n") == (code, b"".join(said))
    assert b"in" == host.ask("cat; echo err >&2", [b"in"])
    with pytest.raises(HostError, match="this account: no such luck"):
        host.ask("echo no such luck >&2; exit 3")
    with pytest.raises(JobFailedError) as caught:
        host.run("sleep 60 & wait", sink=said.append, seconds=0.2)
    assert Reason.TIMEOUT == caught.value.reason


def test_unknown_name_says_how_to_register_it(places):
    with pytest.raises(ConfigError, match="deployr-runner target add hoster"):
        open_host(places, "hoster", "mark")


def test_own_account_costs_no_ssh_library(tmp_path):
    script = (
        "import sys; from pathlib import Path; from runner.config import Places;"
        "from runner.hosts.opened import open_host; place = Path(sys.argv[1]);"
        "open_host(Places(config=place, state=place), None, 'mark').files.kind('/');"
        "sys.exit('paramiko' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
