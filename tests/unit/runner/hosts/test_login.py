"""Whom we trust, and how we prove who we are."""

import pytest

from runner.hosts.host import HostError
from tests.support.sshd import Sshd, new_key


def test_key_and_password_let_in(server, server_of, host_of):
    for each in (server, server_of("password")):
        assert each.user == host_of(each).ask("id -un").decode().strip()


def test_other_host_key_is_refused_before_anything_is_sent(server, host_of, tmp_path):
    new_key(tmp_path / "other")
    other = " ".join((tmp_path / "other.pub").read_text().split()[:2])
    before = server.log.count("Accepted")

    with pytest.raises(HostError, match=r"pinned SHA256:.*shown SHA256:.*target add hoster"):
        host_of(server, host_key=other).ask("true")

    assert before == server.log.count("Accepted")


def test_host_that_nobody_looked_at_is_not_trusted(server, host_of):
    with pytest.raises(HostError, match="pinned none"):
        host_of(server, host_key=None).ask("true")


def test_wrong_password_is_refused_and_not_told(server_of, host_of):
    with pytest.raises(HostError, match="refused the password") as refused:
        host_of(server_of("password"), password="not-the-word").ask("true")

    assert "not-the-word" not in str(refused.value)


def test_key_that_is_not_authorized_is_refused_with_what_to_do(server, host_of, tmp_path):
    new_key(tmp_path / "stranger")

    with pytest.raises(HostError, match="authorized keys"):
        host_of(server, key=str(tmp_path / "stranger")).ask("true")


def test_key_that_others_may_read_is_not_used(server, host_of, tmp_path):
    new_key(tmp_path / "mine")
    (tmp_path / "mine").chmod(0o644)

    with pytest.raises(HostError, match="chmod 600"):
        host_of(server, key=str(tmp_path / "mine")).ask("true")


def test_key_with_a_passphrase_is_told(server, host_of, tmp_path):
    new_key(tmp_path / "locked", passphrase="a long one")

    with pytest.raises(HostError, match="passphrase"):
        host_of(server, key=str(tmp_path / "locked")).ask("true")


def test_server_that_is_not_there_is_told(host_of):
    with Sshd() as server:
        host = host_of(server)

    with pytest.raises(HostError, match="can't be reached"):
        host.ask("true")


def test_server_on_the_way_is_pinned_too(server, server_of, host_of):
    jump = {"host": "127.0.0.1", "port": server.port, "user": server.user}
    goal = server_of("jailed")
    shared = server.key.read_text()
    authorized = goal.folder / "authorized_keys"
    authorized.write_text(authorized.read_text() + server.key.with_suffix(".pub").read_text())
    assert shared

    through = host_of(goal, key=str(server.key), jump=[{**jump, "host_key": server.host_key}])
    assert b"there\n" == through.ask("echo there")

    with pytest.raises(HostError, match="pinned"):
        host_of(goal, key=str(server.key), jump=[{**jump, "host_key": goal.host_key}]).ask("true")
