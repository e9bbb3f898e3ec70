"""Processes: what they are given, what comes back, and that nothing of them is left."""

import os
import signal
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from deployr.states import Reason
from runner import shell as shell_module
from runner.errors import JobFailedError
from runner.shell import Command, CommandFailedError, Shell, marked_processes
from runner.stop import StopFlag

PATH = {"PATH": os.environ["PATH"]}


class Runs:
    """Runs command lines in a directory and keeps their output."""

    def __init__(self, cwd: Path, stop: StopFlag) -> None:
        self.cwd = cwd
        self.stop = stop
        self.mark = str(uuid.uuid4())
        self.shell = Shell(stop, self.mark)
        self.output = b""

    def __call__(self, line: str) -> str:
        """Run a command line and return what it said."""
        self.run(Command.line(line, self.cwd, PATH))
        return self.output.decode()

    def run(self, command: Command) -> None:
        self.shell.run(command, self._take)

    def read(self, *argv: str) -> bytes:
        return self.shell.read(Command(argv=argv, cwd=self.cwd, env=PATH))

    def _take(self, chunk: bytes) -> None:
        self.output += chunk
        if b"ready" in self.output:
            self.stop.set(Reason.CANCELLED)


@pytest.fixture
def runs(tmp_path):
    """Command lines; one that says `ready` is stopped."""
    with StopFlag() as stop:
        found = Runs(tmp_path, stop)
        yield found
        for pid in marked_processes(found.mark):
            os.kill(pid, signal.SIGKILL)


def test_both_streams_come_in_order(runs):
    assert "one\ntwo\nthree\n" == runs("echo one; echo two >&2; echo three")


@pytest.mark.parametrize("code", [1, 2, 127, 255])
def test_exit_code_is_told(runs, code):
    with pytest.raises(CommandFailedError) as caught:
        runs(f"exit {code}")

    assert code == caught.value.exit_code
    assert f"`exit {code}` ended with exit code {code}" == str(caught.value)


def test_death_by_a_signal_is_told_as_its_negative_number(runs):
    with pytest.raises(CommandFailedError) as caught:
        runs("kill -KILL $$")

    assert -signal.SIGKILL == caught.value.exit_code


@pytest.mark.parametrize("line", ["false; echo no", "echo $UNSET_NAME; echo no"])
def test_line_ends_at_its_first_failure(runs, line):
    with pytest.raises(CommandFailedError):
        runs(line)

    assert b"no\n" not in runs.output


def test_arguments_are_seen_by_no_shell(runs):
    hostile = ("$(touch made)", "; touch made", "a  b", "*", "")

    said = runs.read(sys.executable, "-c", "import sys; print(sys.argv[1:])", *hostile)

    assert f"{list(hostile)}\n" == said.decode()
    assert [] == list(runs.cwd.iterdir())


def test_missing_program_is_exit_code_127_with_its_name(runs):
    with pytest.raises(CommandFailedError) as caught:
        runs.read("no-such-program", "--version")

    assert 127 == caught.value.exit_code
    assert "no-such-program" in caught.value.output


def test_missing_directory_is_a_failure_of_the_command(runs):
    command = Command(argv=("true",), cwd=runs.cwd / "gone", env=PATH)

    with pytest.raises(CommandFailedError, match="127"):
        runs.run(command)


def test_environment_is_what_is_given_and_the_mark(runs, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-runner")
    command = Command(argv=("env",), cwd=runs.cwd, env={**PATH, "A": "b c"})

    names = dict(line.split("=", 1) for line in runs.shell.read(command).decode().splitlines())

    assert {**PATH, "A": "b c", shell_module.MARK_VARIABLE: runs.mark} == names


def test_nothing_can_be_asked_on_standard_input(runs):
    assert "end\n" == runs("cat; echo end")


def test_read_returns_standard_output_alone(runs):
    assert b"out\n" == runs.read("sh", "-c", "echo err >&2; echo out")


def test_read_puts_standard_error_into_the_failure(runs):
    with pytest.raises(CommandFailedError) as caught:
        runs.read("sh", "-c", "echo out; echo err >&2; exit 3")

    assert ("err\n", 3) == (caught.value.output, caught.value.exit_code)


def test_large_output_comes_whole(runs):
    assert 3_000_000 == len(runs("head -c 3000000 /dev/zero | tr '\\0' x"))


def test_output_comes_while_the_command_runs(runs):
    """The command would wait for ever; what it says makes it be stopped."""
    with pytest.raises(JobFailedError):
        runs("echo ready; sleep 600")


def test_background_child_that_holds_the_output_does_not_hold_the_command(runs):
    begun = time.monotonic()

    assert "done\n" == runs("sleep 600 & echo done")

    assert time.monotonic() - begun < 60


def test_background_child_that_goes_on_talking_does_not_hold_the_command(runs):
    begun = time.monotonic()

    runs("yes & echo done")

    assert b"done" in runs.output
    assert time.monotonic() - begun < 60


def test_command_that_closes_its_output_is_waited_for(runs):
    runs("exec >&- 2>&-; sleep 0.3; touch made")

    assert (runs.cwd / "made").exists()


PYTHON = "import os, signal, time; "
FORKED = f"{PYTHON}os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); "
WAITS = "print('ready', flush=True); time.sleep(600)"

TREES = {
    "the command itself": "echo ready; exec sleep 600",
    "child": "sleep 600 & sleep 600 & echo ready; wait",
    "grandchild": "sh -c 'sleep 600 & echo ready; wait' & wait",
    "child that ignores TERM": "(trap '' TERM; echo ready; sleep 600; sleep 600) & wait",
    "all ignore TERM": "trap '' TERM; echo ready; sleep 600; sleep 600",
    "child in a session of its own": "setsid sleep 600 & echo ready; wait",
    "double fork": f'"{sys.executable}" -c "{FORKED}{WAITS}"; sleep 600',
    "double fork that ignores TERM": (
        f'"{sys.executable}" -c "{FORKED}signal.signal(15, signal.SIG_IGN); {WAITS}"; sleep 600'
    ),
}


@pytest.mark.parametrize("line", TREES.values(), ids=TREES)
def test_stop_ends_the_whole_tree(runs, monkeypatch, line):
    monkeypatch.setattr(shell_module, "TERM_SECONDS", 0.3)

    with pytest.raises(JobFailedError) as caught:
        runs(line)

    assert Reason.CANCELLED == caught.value.reason
    assert [] == marked_processes(runs.mark)


def test_stop_lets_a_process_tidy_up(runs):
    with pytest.raises(JobFailedError):
        runs("trap 'touch tidied; exit' TERM; echo ready; while :; do sleep 0.05; done")

    assert (runs.cwd / "tidied").exists()


def test_stop_of_a_silent_command_comes_at_once(runs):
    begun = time.monotonic()
    timer = threading.Timer(0.1, runs.stop.set, [Reason.RUNNER_STOPPED])
    timer.start()

    with pytest.raises(JobFailedError) as caught:
        runs("sleep 600")

    timer.join()
    assert Reason.RUNNER_STOPPED == caught.value.reason
    assert time.monotonic() - begun < 60


def test_nothing_starts_after_a_stop(runs):
    runs.stop.set(Reason.CANCELLED)

    with pytest.raises(JobFailedError):
        runs("touch made")

    assert not (runs.cwd / "made").exists()


def test_processes_of_another_job_are_left_alone(runs, tmp_path):
    with StopFlag() as stop:
        other = Runs(tmp_path, stop)
        other("sleep 600 & echo started")
        with pytest.raises(JobFailedError):
            runs("echo ready; sleep 600")

        (pid,) = marked_processes(other.mark)
        os.kill(pid, signal.SIGKILL)


def test_command_shows_itself_as_people_wrote_it():
    env: dict[str, str] = {}
    argv = Command(argv=("git", "fetch"), cwd=Path("/"), env=env)

    assert "npm ci" == Command.line("npm ci", Path("/"), env).title
    assert "git fetch" == argv.title
