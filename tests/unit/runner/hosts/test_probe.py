"""What a host can do is found out in one command, and kept for a day."""

import pytest

from runner.hosts import ssh_host
from runner.hosts.host import HostError
from runner.hosts.probe import ProbeCache, read_probe


def test_account_with_a_shell(host, server):
    probe = host.probe

    assert ("full", str(server.home), True, True, True) == (
        probe.shell,
        probe.home,
        probe.can_write,
        probe.symlinks,
        probe.hard_links,
    )
    assert {"tar", "gzip", "cp", "find", "cp -al", "mv -T"} <= probe.tools
    assert probe.free_bytes
    assert probe.glibc
    assert [] == [path.name for path in server.home.glob(".deployr-probe*")]


def test_jailed_account_has_only_its_programs(server_of, host_of):
    probe = host_of(server_of("jailed")).probe

    assert "jailed" == probe.shell
    assert {"tar", "cp", "sha256sum"} <= probe.tools
    assert not {"rsync", "git", "composer", "node"} & probe.tools


def test_account_without_a_shell_is_recognised(server_of, host_of):
    server = server_of("sftp")
    probe = host_of(server).probe

    assert ("none", str(server.home), True, True) == (
        probe.shell,
        probe.home,
        probe.can_write,
        probe.symlinks,
    )


def test_look_is_kept_for_a_day(tmp_path):
    now = [1000.0]
    cache = ProbeCache(tmp_path / "kept/hoster.json", "me@host key", clock=lambda: now[0])
    probe = _read(b"home /home/me\ntool tar\nphp 8.3.1 /usr/bin/php\nprobe-is-over yes\n")
    cache.save(probe)
    assert probe == cache.load()

    now[0] += 24 * 3600
    assert cache.load() is None


def test_look_of_another_account_is_not_taken(tmp_path):
    path = tmp_path / "hoster.json"
    ProbeCache(path, "me@host key").save(_read(b"home /\nprobe-is-over yes\n"))

    assert ProbeCache(path, "me@elsewhere key").load() is None


def test_second_look_asks_nothing(server, host_of):
    host_of(server).look()
    again = host_of(server)

    assert "full" == again.probe.shell
    assert 0 == again.round_trips


def test_quota_counts_where_it_is_smaller():
    said = b"""home /home/me
quota /dev/sda1 100 0 1000 5 0 50
blocks Filesystem 1024-blocks Used Available Capacity Mounted
blocks /dev/sda1 99999 1 90000 1% /
inodes Filesystem Inodes IUsed IFree IUse% Mounted
inodes /dev/sda1 9999 1 9000 1% /
probe-is-over yes
"""
    probe = _read(said)

    assert (900 * 1024, 45) == (probe.free_bytes, probe.free_inodes)


def test_text_that_no_shell_wrote_is_no_probe():
    assert read_probe(b"This service allows sftp connections only.\n") is None


def test_host_that_offers_nothing_is_an_error(server_of, host_of, monkeypatch):
    host = host_of(server_of("sftp"))
    monkeypatch.setattr(host, "sftp_channel", _no_sftp)

    with pytest.raises(HostError, match=r"(?s)runs no commands and offers no SFTP"):
        host.look()


def test_host_that_does_not_answer_is_an_error(host, server, monkeypatch):
    monkeypatch.setattr(ssh_host, "_PROBE_SECONDS", 0.5)
    slow = server.home / ".bashrc"
    slow.write_text("grep -q probe-is-over /proc/$$/cmdline && sleep 60\n")
    try:
        with pytest.raises(HostError, match="hoster does not answer"):
            host.look()
    finally:
        slow.unlink()


def _read(said):
    probe = read_probe(said)
    assert probe is not None
    return probe


def _no_sftp():
    raise HostError("hoster offers no SFTP")
