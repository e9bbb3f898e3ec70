"""A real runner process whose token is rotated at the real backend: it goes on."""

import os
import signal
import stat
import time
from datetime import timedelta

import pytest

from app.clock import system_clock
from runner.config import load_token
from runner.rotation import MAX_AGE_SECONDS
from tests.support.live import LiveBackend
from tests.support.server import SETTINGS, Server

GATE = {"commands": ["echo begun; until [ -e ../../../../go ]; do sleep 0.05; done"]}


class LateClock:
    """The true time, and what is added to it."""

    def __init__(self):
        self.late = timedelta()

    def __call__(self):
        return system_clock() + self.late


@pytest.fixture
def clock():
    return LateClock()


@pytest.fixture
def backend(clock):
    with LiveBackend(CLOCK=clock, **SETTINGS) as found:
        yield found


@pytest.fixture
def server(tmp_path, backend):
    found = Server(tmp_path, backend)
    yield found
    found.stop()


@pytest.fixture
def taken(backend):
    """Tell whether the backend takes a runner's token."""

    def is_taken(token):
        status = backend.ask("GET", "/api/runner/jobs", token=token).status_code
        assert status in {200, 401}
        return status == 200

    return is_taken


def rotate(server, die_at="", code=0):
    """Run `deployr-runner rotate` to its end; return the token in the file."""
    assert code == server.command("rotate", die_at=die_at).wait(120)
    path = server.places.config / "token"
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    return load_token(server.places)


def test_running_agent_goes_on_with_the_new_token_when_the_old_one_has_ended(server, clock, taken):
    process = server.start()
    assert "completed" == server.settled(server.push())["status"]
    old = load_token(server.places)
    new = rotate(server)
    assert [True, True] == [taken(old), taken(new)]
    clock.late = timedelta(hours=1, minutes=1)
    assert [False, True] == [taken(old), taken(new)]

    assert "completed" == server.settled(server.push())["status"]
    assert process.poll() is None


def test_job_at_work_survives_two_rotations_in_a_row(server, taken):
    """After the second one the token with which it was claimed is an unknown one."""
    server.start()
    old = load_token(server.places)
    job_id = server.push(build=GATE)
    server.until(lambda: "begun" in server.job(job_id)["logs"])
    rotate(server)
    rotate(server)
    assert not taken(old)
    (server.places.state.parent / "go").touch()

    assert "completed" == server.settled(job_id)["status"]


def test_rotation_that_is_killed_before_it_has_written_locks_nobody_out(server, taken, clock):
    process = server.start()
    old = load_token(server.places)
    assert old == rotate(server, die_at="token answered", code=-signal.SIGKILL)
    clock.late = timedelta(days=2)
    assert "completed" == server.settled(server.push())["status"]

    new = rotate(server)

    assert [True, True] == [taken(old), taken(new)]
    assert "completed" == server.settled(server.push())["status"]
    assert process.poll() is None


def test_rotation_that_is_killed_once_it_has_written_is_done(server, taken):
    old = load_token(server.places)
    new = rotate(server, die_at="token written", code=-signal.SIGKILL)

    assert old != new
    server.start()
    assert "completed" == server.settled(server.push())["status"]


def test_agent_replaces_a_token_that_is_thirty_days_old(server, taken):
    old = load_token(server.places)
    then = time.time() - MAX_AGE_SECONDS - 60
    os.utime(server.places.config / "token", (then, then))
    server.start()
    server.until(lambda: load_token(server.places) != old)

    assert "completed" == server.settled(server.push())["status"]
    assert taken(load_token(server.places))


def test_revoked_runner_can_not_rotate_itself_in_again(server, backend):
    (runner,) = backend.ask("GET", "/api/runners").json()["runners"]
    assert 200 == backend.ask("POST", f"/api/runners/{runner['id']}/revoke").status_code
    old = load_token(server.places)

    assert old == rotate(server, code=78)
