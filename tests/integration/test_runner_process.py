"""A real runner process: several jobs at once, and what systemd hears of it."""

import signal
import socket
import time

import pytest

from tests.support.live import LiveBackend
from tests.support.server import SETTINGS, Server
from tests.unit.runner.fake_backend import TIMES

MEET = """
cd ../../../..; touch $DEPLOYR_PROJECT.is-here
until [ -e shop.is-here ] && [ -e blog.is-here ]; do sleep 0.05; done
"""


@pytest.fixture
def backend():
    with LiveBackend(**SETTINGS) as found:
        yield found


@pytest.fixture
def server(tmp_path, backend):
    found = Server(tmp_path, backend)
    yield found
    found.stop()


def test_jobs_of_two_projects_run_at_the_same_time(server):
    """Each waits for the other; they come from the same repository."""
    server.configure("shop", "blog", capacity=2)
    jobs = [server.push(name, build={"commands": [MEET]}) for name in ("shop", "blog")]
    server.start()

    assert ["completed"] * 2 == [server.settled(job)["status"] for job in jobs]
    assert server.live("shop")
    assert server.live("blog")


def test_more_jobs_than_the_capacity_wait(server):
    server.configure("shop", "blog", "wiki", capacity=2)
    gate = {"commands": ["until [ -e ../../../../go ]; do sleep 0.05; done"]}
    jobs = [server.push(name, build=gate) for name in ("shop", "blog", "wiki")]
    server.start()
    server.until(lambda: [server.job(job)["status"] for job in jobs].count("running") == 2)
    time.sleep(0.5)
    assert "queued" == server.job(jobs[2])["status"]
    (server.places.state.parent / "go").touch()

    assert ["completed"] * 3 == [server.settled(job)["status"] for job in jobs]


def test_one_of_two_jobs_is_cancelled_and_the_other_goes_on(server, backend):
    server.configure("shop", "blog", capacity=2)
    gate = {"commands": ["echo begun; until [ -e ../../../../go ]; do sleep 0.05; done"]}
    shop, blog = server.push("shop", build=gate), server.push("blog", build=gate)
    server.start()
    server.until(lambda: all("begun" in server.job(job)["logs"] for job in (shop, blog)))
    assert backend.ask("POST", f"/api/jobs/{shop}/cancel", {}).status_code == 200

    assert "cancelled" == server.settled(shop)["reason"]
    assert "running" == server.job(blog)["status"]
    (server.places.state.parent / "go").touch()
    assert "completed" == server.settled(blog)["status"]


@pytest.fixture
def systemd(tmp_path):
    """The socket that systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(str(tmp_path / "notify"))
        found.settimeout(60)
        yield found


def until_stopping(systemd):
    """Wait until the runner has heard a signal: two at once may count as one."""
    while (word := systemd.recv(100)) != b"STOPPING=1":
        assert word in {b"READY=1", b"WATCHDOG=1"}


def test_job_that_goes_on_after_the_runner_was_told_to_stop_is_ended_by_a_second_signal(
    server, systemd
):
    job_id = server.push(build={"commands": ["setsid sleep 600 & echo begun; sleep 600"]})
    process = server.start(NOTIFY_SOCKET=systemd.getsockname())
    server.until(lambda: "begun" in server.job(job_id)["logs"])
    process.send_signal(signal.SIGTERM)
    until_stopping(systemd)
    time.sleep(1)
    assert "running" == server.job(job_id)["status"]
    process.send_signal(signal.SIGTERM)

    assert 0 == process.wait(120)
    job = server.settled(job_id)
    assert ("failed", "runner_stopped") == (job["status"], job["reason"])
    assert "begun" in TIMES.sub("", server.log(job_id)).splitlines()


def test_systemd_hears_that_the_runner_is_ready_alive_and_stopping(server, systemd):
    process = server.start(NOTIFY_SOCKET=systemd.getsockname())
    heard = [systemd.recv(100) for _ in range(2)]
    assert [b"READY=1", b"WATCHDOG=1"] == heard
    job_id = server.push(build={"commands": ["env"]})
    assert "NOTIFY_SOCKET" not in server.log(server.settled(job_id)["id"])
    process.send_signal(signal.SIGTERM)

    until_stopping(systemd)
    assert 0 == process.wait(120)
