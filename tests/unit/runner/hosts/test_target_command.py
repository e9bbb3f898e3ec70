"""`deployr-runner target`: registering hosts, which pins their keys."""

import json
import stat
import subprocess
import sys

import pytest

from runner.allowlist import Allow
from runner.config import RunnerConfig, save
from runner.hosts.book import HOSTS_FILE
from tests.support.sshd import new_key


def _words(server, *more):
    place = ("--host", "127.0.0.1", "--port", str(server.port), "--user", server.user)
    return ("target", "add", "hoster", *place, *more)


@pytest.fixture
def added(command, server):
    said = command(*_words(server, "--key", str(server.key), "--yes"))
    assert 0 == said.code, said.err
    return said


def test_fingerprint_is_shown_as_openssh_shows_it(added, server):
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(server.folder / "host_key.pub")],
        capture_output=True, text=True, check=True,
    ).stdout.split()[1]  # fmt: skip

    assert shown.startswith("SHA256:")
    assert shown in added.out


def test_host_is_kept_privately_and_listed(added, command, places, server):
    book = places.config / HOSTS_FILE

    assert 0o600 == stat.S_IMODE(book.stat().st_mode)
    (listed,) = json.loads(command("target", "list", "--json").out)
    assert ("hoster", server.port, "key") == (listed["name"], listed["port"], listed["login"])
    assert f"hoster: {server.user}@127.0.0.1:{server.port}" in command("target", "list").out


def test_test_shows_what_the_host_can_do(added, command):
    found = json.loads(command("target", "test", "hoster", "--json").out)

    assert "full" == found["probe"]["shell"]
    assert "tar" in command("target", "test", "hoster").out


def test_nobody_who_can_not_be_asked_trusts_a_key(command, places, server):
    said = command(*_words(server, "--key", str(server.key)))

    assert 0 != said.code
    assert not (places.config / HOSTS_FILE).exists()


def test_password_is_read_from_the_input_and_never_shown(command, server_of):
    server = server_of("password")

    said = command(*_words(server, "--password", "--yes"), stdin=f"{server.password}\n")

    assert 0 == said.code, said.err
    shown = said.out + said.err + command("target", "list", "--json").out
    assert server.password not in shown


def test_host_that_lets_nobody_in_is_not_registered(command, places, server, tmp_path):
    new_key(tmp_path / "stranger")

    said = command(*_words(server, "--key", str(tmp_path / "stranger"), "--yes"))

    assert (1, True) == (said.code, "refused the key" in said.err)
    assert not (places.config / HOSTS_FILE).exists()


def test_name_is_given_away_only_when_asked(added, command, server):
    again = _words(server, "--key", str(server.key), "--yes")

    assert (2, True) == ((said := command(*again)).code, "--replace" in said.err)
    assert 0 == command(*again, "--replace").code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--yes",), "name one of key, agent and password"),
        (("--agent", "--key", "/x", "--yes"), "name one of key, agent and password"),
        (("--agent", "--jump", "nowhere:x", "--yes"), "user@host:port"),
    ],
)
def test_half_an_entry_is_refused(command, server, words, said):
    refused = command(*_words(server, *words))

    assert (2, True) == (refused.code, said in refused.err)


def test_host_in_use_is_not_forgotten(added, command, places):
    entry = Allow(
        project="shop",
        repo="https://git.example.com/shop.git",
        branches=("main",),
        path="/home/me/shop",
        host="hoster",
    )
    config = RunnerConfig(url="https://deployr.example.com", name="web-1", allow=(entry,))
    save(places, config)

    refused = command("target", "remove", "hoster")
    assert (2, True) == (refused.code, "allow remove --project shop" in refused.err)

    save(places, config.model_copy(update={"allow": ()}))
    assert 0 == command("target", "remove", "hoster").code
    assert "No host is registered yet" in command("target", "list").out


def test_book_that_others_may_read_is_refused(added, command, places):
    (places.config / HOSTS_FILE).chmod(0o644)

    refused = command("target", "list")

    assert (2, True) == (refused.code, "chmod 600" in refused.err)


def test_unknown_host_is_told_with_those_that_there_are(added, command):
    refused = command("target", "test", "elsewhere")

    assert (2, True) == (refused.code, "has: hoster" in refused.err)


def test_runner_without_hosts_loads_no_ssh_client():
    code = "import sys, runner.main; print('paramiko' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False" == done.stdout.strip()
