"""Commands of an app on a jailed host: their environment, their exit codes and their end."""

import time
from pathlib import Path

import pytest

from deployr.states import Reason
from runner import environment
from runner.command import Command, CommandFailedError
from runner.errors import JobFailedError
from runner.hosts.book import HostEntry
from runner.hosts.ssh_host import SshHost
from runner.stop import StopFlag
from runner.targets.host_commands import HostCommander
from tests.support.sshd import Sshd

HOSTILE = 'it\'s $(here) "and" `there`\n-n \\ é'


@pytest.fixture(scope="module")
def server():
    with Sshd("jailed") as made:
        yield made


@pytest.fixture
def stop():
    with StopFlag() as flag:
        yield flag


@pytest.fixture
def commander(server, stop, tmp_path):
    entry = HostEntry(
        name="web",
        host="127.0.0.1",
        port=server.port,
        user=server.user,
        host_key=server.host_key,
        key=str(server.key),
    )
    host = SshHost(entry, tmp_path)
    yield HostCommander(host, f"{server.home}/app/.deployr/bin", stop)
    host.close()


def _said(commander, server, line, env=None, **options):
    out: list[bytes] = []
    command = Command.line(line, server.home, {**environment.base(), **(env or {})})
    commander.run(command, out.append, **options)
    return b"".join(out).decode()


@pytest.mark.parametrize("marked", [True, False])
def test_values_of_the_environment_arrive_as_they_are(commander, server, marked):
    said = _said(commander, server, 'printf %s "$GIVEN"', {"GIVEN": HOSTILE}, marked=marked)

    assert HOSTILE == said


def test_names_that_no_shell_can_set_are_left_out(commander, server):
    assert "yes" == _said(commander, server, 'printf %s "$B"', {"A.x": "1", "B": "yes"})


def test_nothing_of_this_machine_arrives(commander, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid")

    said = _said(commander, server, 'printf %s "$HOME ${HTTP_PROXY-none}"')

    assert f"{server.home} none" == said


def test_programs_of_the_deploy_root_come_first(commander, server):
    said = _said(commander, server, 'printf %s "$PATH"').split(":")

    assert f"{server.home}/app/.deployr/bin" == said[0]
    assert len(said) > 1


def test_commands_run_where_they_are_told_and_read_nothing(commander, server):
    assert f"{server.home}\n" == _said(commander, server, "pwd; cat")


@pytest.mark.parametrize("marked", [True, False])
def test_exit_codes_come_back(commander, server, marked):
    with pytest.raises(CommandFailedError) as caught:
        _said(commander, server, "exit 7", marked=marked)

    assert (7, "exit 7") == (caught.value.exit_code, caught.value.command.title)


def test_a_directory_that_is_missing_fails_the_command(commander):
    with pytest.raises(CommandFailedError):
        commander.run(Command.line("true", Path("/missing"), {}), lambda _: None)


def test_no_value_is_seen_by_others(commander, server, stop):
    seen: list[str] = []

    def look(chunk):
        seen.extend(server.commands())
        stop.set(Reason.CANCELLED)

    line = "echo begun; sleep 60"
    with pytest.raises(JobFailedError):
        commander.run(Command.line(line, server.home, {"KEY": "hunter2"}), look)

    assert any("sleep 60" in each for each in seen)
    assert not any("hunter2" in each for each in seen)


@pytest.mark.parametrize("marked", [True, False])
def test_a_stop_ends_what_runs_there(commander, server, stop, marked):
    command = Command.line("sleep 61 & echo begun; sleep 62", server.home, environment.base())

    with pytest.raises(JobFailedError):
        commander.run(command, lambda _: stop.set(Reason.CANCELLED), marked=marked)

    until = time.monotonic() + 60
    while any("sleep 6" in each for each in server.commands()):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_command_may_be_given_a_time(commander, server):
    _said(commander, server, "true")  # to log in takes time, too
    with pytest.raises(JobFailedError, match="timeout"):
        _said(commander, server, "sleep 60", seconds=0.3)
