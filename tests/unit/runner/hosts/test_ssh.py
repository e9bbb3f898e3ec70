"""Scripts on a host: what goes in, what comes out, and what ends them."""

import hashlib
import os
import subprocess
import threading

import pytest

from deployr.states import Reason
from runner.errors import JobFailedError
from runner.hosts import spare, ssh
from runner.hosts.host import HostError, LostError
from runner.stop import StopFlag
from tests.support import sshd
from tests.support.account_host import AccountHost
from tests.support.waiting import eventually


def test_both_outputs_and_the_exit_code_come_back(host):
    said: list[bytes] = []

    code = host.run("echo out; echo err >&2; exit 7", sink=said.append)

    assert (7, {b"out", b"err"}) == (code, set(b"".join(said).split()))


def test_what_is_asked_for_is_the_output_alone(host):
    assert b"out\n" == host.ask("echo out; echo err >&2")


def test_a_busy_machine_does_not_look_far_away(host):
    """It would be sent packed archives: what counts is the network, here that of loopback."""
    host.ask("true")

    assert 0 < host.answer_seconds < 0.005


def test_failure_is_told_in_the_words_of_the_script(host):
    with pytest.raises(HostError, match="no such luck"):
        host.ask("echo no such luck >&2; exit 3")


def test_bytes_pass_unchanged_both_ways_at_once(host):
    """More than the windows hold, so that neither side may wait for the other."""
    pieces = [os.urandom(300_000) for _ in range(40)]

    back = host.ask("cat", iter(pieces))

    expected = b"".join(pieces)
    assert (len(expected), hashlib.sha256(expected).digest()) == (
        len(back),
        hashlib.sha256(back).digest(),
    )


def test_greetings_are_no_part_of_an_answer(host, server):
    greeting = server.home / ".bashrc"
    greeting.write_text("echo Welcome\n")
    try:
        assert b"out\n" == host.ask("echo out")
    finally:
        greeting.unlink()


def test_answer_without_end_is_not_waited_for(host, server, monkeypatch):
    monkeypatch.setattr(ssh, "_MOST_BYTES", 1024 * 1024)

    with pytest.raises(HostError, match="hoster answers without end"):
        host.ask("while :; do echo more; done")

    assert [] == [each for each in server.commands() if "more" in each]


def test_answer_that_never_comes_is_not_waited_for(host, monkeypatch):
    monkeypatch.setattr(ssh, "_ASK_SECONDS", 0.5)

    with pytest.raises(HostError, match="hoster does not answer: it took longer"):
        host.ask("sleep 604")


def test_much_error_output_is_in_nobodys_way(host):
    assert b"done\n" == host.ask("head -c 3000000 /dev/zero >&2; echo done")


def test_script_may_leave_its_input_unread(host):
    assert b"enough\n" == host.ask("echo enough", iter([b"x" * 100_000] * 50))


def test_secrets_on_the_input_are_seen_by_nobody(host, server):
    seen = []

    def given():
        yield b"hunter2\n"
        eventually(lambda: "sleep 700" in server.commands())
        seen.extend(server.commands())
        yield b"go on\n"

    host.run("read -r secret; sleep 700 & read -r on; kill $!", stdin=given(), sink=seen.append)

    assert not [each for each in seen if "hunter2" in str(each)]


def test_host_that_allows_one_channel_at_a_time_is_not_logged_in_to_again(tmp_path, monkeypatch):
    few = sshd._CONFIG.replace("MaxSessions 64", "MaxSessions 1")
    monkeypatch.setattr(sshd, "_CONFIG", few)
    with sshd.Sshd() as server:
        host = AccountHost(server, tmp_path)
        said = [host.ask("echo hello") for _ in range(5)]
        host.close()

        assert [b"hello\n"] * 5 == said
        assert 1 == server.log.count("Accepted publickey")


def test_one_login_serves_many_scripts(host, server, monkeypatch):
    monkeypatch.setattr(spare, "_FRESH_SECONDS", 600.0)
    before = server.log.count("Accepted publickey")
    for _ in range(5):
        host.ask("true")

    assert before + 1 == server.log.count("Accepted publickey")
    assert 6 == host.round_trips  # later channels are opened while the one before is in use


def test_stop_ends_what_the_script_started(host, server):
    with StopFlag() as stop:

        def cancel():
            eventually(lambda: {"sleep 600", "sleep 601"} <= set(server.commands()))
            stop.set(Reason.CANCELLED)
            yield b""

        with pytest.raises(JobFailedError) as ended:
            host.run("sleep 600 & sleep 601", stdin=cancel(), sink=bytes, stop=stop)

    assert Reason.CANCELLED == ended.value.reason
    eventually(lambda: not [each for each in server.commands() if "sleep 60" in each])


def test_also_what_has_hardly_begun_is_ended(host, server):
    """The account's .bashrc still runs, where no environment tells whose process that is."""
    slow = server.home / ".bashrc"
    slow.write_text("mkdir ~/slow 2>/dev/null && sleep 600.1\n")
    try:
        with pytest.raises(ZeroDivisionError):
            host.run("sleep 600.2", sink=bytes, stdin=_breaks((server.home / "slow").is_dir))
    finally:
        slow.unlink()
        (server.home / "slow").rmdir()

    eventually(lambda: not [each for each in server.commands() if "sleep 600" in each])


def test_time_that_is_over_ends_the_script(host, server):
    with pytest.raises((JobFailedError, HostError)):
        host.run("sleep 602", sink=bytes, seconds=0.5)

    eventually(lambda: not [each for each in server.commands() if "sleep 602" in each])


def test_broken_line_is_told_and_the_next_script_connects_anew(host, server):
    def cut():
        eventually(lambda: "sleep 607" in server.commands())
        server.cut()
        yield b""

    with pytest.raises(LostError):
        host.ask("sleep 607", cut())

    assert b"again\n" == host.ask("echo again")


def test_server_that_is_away_for_a_moment_is_asked_again(host, server):
    host.ask("true")
    server.halt()
    eventually(lambda: not host._line[-1].is_active())
    try:
        with pytest.raises(LostError, match="can't be reached"):
            host.ask("true")
    finally:
        server.start()

    assert b"again\n" == host.ask("echo again")


def test_line_that_broke_between_two_scripts_is_nobodys_trouble(host, server):
    host.ask("true")
    server.cut()
    eventually(lambda: not host._line[-1].is_active())

    assert b"again\n" == host.ask("echo again")


def test_ended_script_does_not_go_on_to_its_next_command(host, server):
    """Also when it is the shell itself that works at that moment."""
    for _ in range(5):
        begun = threading.Event()
        script = "echo begun; while :; do :; done; sleep 603"
        with pytest.raises(ZeroDivisionError):
            host.run(script, stdin=_breaks(begun.is_set), sink=lambda _, begun=begun: begun.set())
        assert [] == [each for each in server.commands() if "while" in each or "603" in each]


def test_ended_script_takes_nobody_along_whatever_its_processes_are_called(host, server):
    """As `npm install` names itself; what has lost its parent has that of all, 1."""
    named = "printf 'npm install' >/proc/\\$\\$/comm; while :; do sleep 604; done"
    command = f'(setsid sh -c "{named}" &); sleep 606'
    with subprocess.Popen(["sleep", "605"], user=server.user) as other:

        def all_run():
            return {f"sleep {number}" for number in (604, 605, 606)} <= set(server.commands())

        try:
            with pytest.raises(ZeroDivisionError):
                host.run(command, stdin=_breaks(all_run), sink=bytes)

            assert ["sleep 605"] == [each for each in server.commands() if "sleep" in each]
        finally:
            other.kill()


def _breaks(is_time):
    yield b"x"
    eventually(is_time)
    raise ZeroDivisionError
