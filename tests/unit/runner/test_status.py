"""`deployr-runner status` and `run`: what they say, and the exit codes that others rely on."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deployr import __version__
from runner.config import RunnerConfig, load, save, save_token
from runner.shell import marked_processes
from runner.state import sole_agent

from .fake_backend import TOKEN, AnswerError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def places(site):
    """Those of the site: a registered runner with one entry."""
    return site.places


def test_healthy_runner_is_exit_code_0(command, site):
    said = command("status")

    assert (0, "") == (said.code, said.err)
    lines = dict(line.split(": ", 1) for line in said.out.splitlines())
    facts = {name: value.strip() for name, value in lines.items()}
    assert "web-1" == facts["name"]
    assert site.backend.url == facts["url"]
    assert "accepts this runner" == facts["backend"]
    assert f"shop (production): {site.url} [main] to {site.root}" == facts["may deploy"]


def test_status_as_json_has_the_same_facts(command, site):
    facts = json.loads(command("status", "--json").out)

    assert {"name", "url", "config", "state", "labels", "allow", "backend"} == set(facts)
    assert str(site.places.config) == facts["config"]
    assert ["shop"] == [entry["project"] for entry in facts["allow"]]


def test_last_job_is_shown(command, site):
    site.commit({"deploy.yaml": "build: {commands: ['false']}"})
    site.push()

    facts = json.loads(command("status", "--json").out)
    said = command("status").out

    assert (1, "failed", "exit_nonzero") == tuple(
        facts["last_job"][name] for name in ("id", "status", "reason")
    )
    assert "last job:     id 1, status failed, reason exit_nonzero, ended_at " in said
    assert "last contact: 20" in said


def test_token_is_never_shown(command):
    assert TOKEN not in command("status").out + command("status", "--json").out


def test_refused_token_is_exit_code_78(command, backend):
    backend.tokens.clear()
    said = command("status")

    assert 78 == said.code
    assert "It is unauthorized." in said.out


@pytest.mark.parametrize("words", [("status",), ("status", "--json")])
def test_unreachable_backend_is_exit_code_5(command, places, words):
    save(places, RunnerConfig(url="http://127.0.0.1:9", name="web-1"))
    said = command(*words)

    assert 5 == said.code
    assert "http://127.0.0.1:9 is unreachable" in said.out


def test_other_answer_is_exit_code_5(command, backend):
    backend.faults.append(AnswerError(200, b"<html>Parking page</html>"))
    said = command("status")

    assert 5 == said.code
    assert "did not answer as a Deployr backend (HTTP 200)" in said.out


@pytest.mark.parametrize("name", ["runner.toml", "token"])
@pytest.mark.parametrize("words", [("status",), ("run", "--once")])
def test_loose_or_missing_files_are_exit_code_2(command, places, name, words):
    path = places.config / name
    path.chmod(0o644)
    loose = command(*words)
    path.unlink()
    missing = command(*words)

    assert (2, 2) == (loose.code, missing.code)
    assert f"chmod 600 {path}" in loose.err
    assert "deployr-runner register" in missing.err


def test_version_is_told(command):
    assert f"deployr-runner, version {__version__}\n" == command("--version").out


@pytest.mark.parametrize("words", [(), ("-h",), ("run", "--help"), ("allow", "add", "-h")])
def test_help_is_there(command, words):
    said = command(*words)

    assert "Usage: deployr-runner" in said.out + said.err


@pytest.fixture
def process(places):
    """Start `deployr-runner run` as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*more: str, **env: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "runner", "run", *more]
        env |= {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        env |= {"DEPLOYR_RUNNER_CONFIG": str(places.config)}
        env |= {"DEPLOYR_RUNNER_STATE": str(places.state)}
        found = subprocess.Popen(argv, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
        started.append(found)
        return found

    yield start
    for found in started:
        with found:
            found.kill()


def test_run_once_works_one_job_and_leaves(site, process):
    site.commit({"index.html": "x"})
    job = site.backend.add(site.spec())
    _, said = process("--once").communicate(timeout=120)

    assert "completed" == job.status
    assert "INFO job 1: completed" in said


@pytest.fixture
def endless(site):
    """A queued job that builds for ever, or until the file `go` is there."""
    lines = ["echo begun; until [ -e $DEPLOYR_PATH/../go ]; do sleep 0.05; done"]
    site.commit({"index.html": "x", "deploy.yaml": json.dumps({"build": {"commands": lines}})})
    site.root.parent.mkdir()
    return site.backend.add(site.spec())


def test_terminated_runner_lets_its_job_end_and_leaves_with_0(site, process, eventually, endless):
    found = process()
    eventually(lambda: "\nbegun\n" in endless.text)
    found.send_signal(signal.SIGTERM)
    posts = len(endless.posts)
    eventually(lambda: len(endless.posts) > posts + 10)
    polls = site.backend.polls
    (site.root.parent / "go").touch()

    assert 0 == found.wait(120)
    assert "completed" == endless.status
    assert endless.finished.is_set()
    assert polls == site.backend.polls


def test_second_signal_ends_the_job_at_once(process, eventually, endless, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        found = process(NOTIFY_SOCKET=systemd.getsockname())
        eventually(lambda: "\nbegun\n" in endless.text)
        found.send_signal(signal.SIGTERM)
        while systemd.recv(100) != b"STOPPING=1":
            """Two signals that wait at the same time are one."""
    found.send_signal(signal.SIGTERM)

    assert 0 == found.wait(120)
    assert "runner_stopped" == endless.reason
    assert endless.finished.is_set()
    assert [] == marked_processes(endless.claim_id)


def test_job_that_does_not_end_in_time_is_ended(site, process, eventually, endless):
    config = load(site.places)
    save(site.places, config.model_copy(update={"stop_seconds": 0.3}))
    found = process()
    eventually(lambda: "\nbegun\n" in endless.text)
    found.send_signal(signal.SIGINT)

    assert 0 == found.wait(120)
    assert "runner_stopped" == endless.reason


def test_idle_runner_leaves_at_once(backend, process, eventually):
    backend.poll_after = 600
    found = process()
    eventually(lambda: backend.polls)
    found.send_signal(signal.SIGTERM)

    assert 0 == found.wait(120)


def test_refused_token_ends_the_runner_with_78(backend, process):
    """The service is not started again then."""
    backend.tokens.clear()
    found = process()

    _, said = found.communicate(timeout=120)

    assert 78 == found.returncode
    assert "Error: It is unauthorized.\n" == said


def test_second_runner_in_the_same_place_ends_with_1(places, process):
    with sole_agent(places):
        _, said = process().communicate(timeout=120)

    assert f"Error: another deployr-runner works with {places.state}\n" == said


def test_once_with_an_unreachable_backend_ends_with_5(places, process):
    save(places, RunnerConfig(url="http://127.0.0.1:9", name="web-1"))
    save_token(places, TOKEN)

    assert 5 == process("--once").wait(120)
