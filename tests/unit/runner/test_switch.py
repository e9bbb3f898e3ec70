"""Nothing goes live for a job that may be somebody else's by now; once live, it stays."""

import json
import os
import signal
import time

import pytest

from deployr.states import Reason
from runner import lifeline, reporter
from runner.shell import marked_processes
from runner.stop import StopFlag

from .fake_backend import FakeJob
from .site import Site

WAIT = "echo {word}; until [ -e $DEPLOYR_PATH/../{go} ]; do sleep 0.05; done"


class Gated:
    """A queued job that waits in its build for `build`, and after the switch for `restart`."""

    def __init__(self, site: Site, **deploy: object) -> None:
        self.site = site
        self.place = site.root.parent
        self.place.mkdir(parents=True)
        build = [WAIT.format(word="built", go="build")]
        hooks = {"after_activate": [WAIT.format(word="switched", go="restart")]}
        sections = {"build": {"commands": build}, "deploy": {"hooks": hooks, **deploy}}
        site.commit({"index.html": "x", "deploy.yaml": json.dumps(sections)})
        self.job: FakeJob = site.backend.add(site.spec())

    @property
    def ends(self) -> list[tuple[str, str | None]]:
        """What the runner said of its end, whether the backend took it or not."""
        posts = [post for post in self.job.posts if post["status"] != "running"]
        return [(post["status"], post.get("reason")) for post in posts]

    def open(self, *gates: str) -> None:
        for gate in gates:
            (self.place / gate).touch()


def spooled(site: Site) -> bytes:
    """Return the log as the runner has it."""
    path = site.places.state / "jobs/1/log"
    return path.read_bytes() if path.exists() else b""


@pytest.fixture
def brief(backend) -> None:
    """A word of the backend is fresh for half a second."""
    backend.lease_seconds = 2.5


@pytest.fixture
def quiet(brief, backend) -> None:
    """And after the first heartbeat comes none for a minute."""
    backend.interval = 60


@pytest.fixture
def gated(site, monkeypatch):
    """A job with both gates shut; heartbeats come a minute after the first one."""
    monkeypatch.setattr(reporter, "EARLY_INTERVAL", 60)
    monkeypatch.setattr(lifeline, "ASK_SECONDS", 0.1)
    found = Gated(site)
    yield found
    for pid in marked_processes(found.job.claim_id or ""):
        os.kill(pid, signal.SIGKILL)


def test_backend_that_was_silent_for_too_long_is_asked_before_the_switch(
    quiet, gated, backend, agent, eventually, site
):
    """The next heartbeat would come in a minute only."""
    gated.open("restart")
    eventually(lambda: b" built\n" in spooled(site))
    eventually(lambda: len(gated.job.posts) == 2)  # the claim and the only heartbeat
    agent.wait(0.6)
    posts = len(gated.job.posts)
    gated.open("build")

    assert gated.job.finished.wait(60)
    assert "completed" == gated.job.status
    assert "waiting for the backend" in gated.job.text
    assert "the backend has answered" in gated.job.text
    assert len(gated.job.posts) > posts


def test_backend_that_spoke_a_short_while_ago_is_not_asked(gated, agent, eventually):
    gated.open("build", "restart")

    assert gated.job.finished.wait(60)
    assert "waiting for the backend" not in gated.job.text


def test_job_waits_for_a_silent_backend_and_goes_live_when_it_is_back(
    brief, gated, backend, agent, eventually, site
):
    gated.open("restart")
    eventually(lambda: b" built\n" in spooled(site))
    backend.broken.add(1)
    agent.wait(0.6)
    gated.open("build")
    eventually(lambda: b"waiting for the backend" in spooled(site))
    agent.wait(0.5)
    assert not site.current.exists()
    backend.broken.clear()

    assert gated.job.finished.wait(60)
    assert "completed" == gated.job.status


@pytest.fixture
def limited(monkeypatch) -> list[StopFlag]:
    """The flags that are given a time limit."""
    found, limit = [], StopFlag.limit

    def note(flag: StopFlag, seconds: float, started: float, late: str = "") -> None:
        found.append(flag)
        limit(flag, seconds, started, late)

    monkeypatch.setattr(StopFlag, "limit", note)
    return found


def test_job_waits_for_a_silent_backend_no_longer_than_its_timeout(
    limited, brief, site, backend, agent, eventually
):
    gated = Gated(site, timeout=600)
    eventually(lambda: b" built\n" in spooled(site))
    backend.broken.add(1)
    agent.wait(0.6)
    gated.open("build")
    eventually(lambda: b"waiting for the backend" in spooled(site))
    limited[0].limit(600, time.monotonic() - 600)  # as if it had waited so long
    eventually(lambda: b"failed: timeout" in spooled(site))
    backend.broken.clear()

    assert gated.job.finished.wait(60)
    assert "timeout" == gated.job.reason
    assert not site.current.exists()


def test_job_that_was_lost_meanwhile_does_not_go_live(
    quiet, gated, backend, agent, eventually, site
):
    eventually(lambda: b" built\n" in spooled(site))
    eventually(lambda: len(gated.job.posts) == 2)  # the claim and the only heartbeat
    agent.wait(0.6)
    gated.job.lost = True
    gated.open("build")

    eventually(lambda: gated.ends)
    assert ("failed", "runner_lost") == gated.ends[0]
    assert not site.current.exists()


def test_job_that_was_cancelled_meanwhile_does_not_go_live(
    quiet, gated, backend, agent, eventually, site
):
    backend.poll_after = 60
    eventually(lambda: b" built\n" in spooled(site))
    eventually(lambda: len(gated.job.posts) == 2)  # the claim and the only heartbeat
    agent.wait(0.6)
    gated.job.cancel = True
    gated.open("build")

    assert gated.job.finished.wait(60)
    assert "cancelled" == gated.job.reason
    assert not site.current.exists()


@pytest.fixture
def switched(gated, agent, eventually):
    """The job after its switch."""
    gated.open("build")
    eventually(lambda: "\nswitched\n" in gated.job.text)
    return gated


def test_backend_is_told_the_time_limit_and_that_the_release_is_live(switched, eventually):
    (limit,) = {post["timeout"] for post in switched.job.posts if "timeout" in post}
    assert limit > 0
    eventually(lambda: switched.job.posts[-1].get("activated"))
    switched.open("restart")

    assert switched.job.finished.wait(60)


@pytest.mark.parametrize("how", ["cancel", "lost"])
def test_cancellation_and_loss_after_the_switch_change_nothing(switched, eventually, how, site):
    setattr(switched.job, how, True)
    posts = len(switched.job.posts)
    eventually(lambda: len(switched.job.posts) > posts)
    switched.open("restart")

    eventually(lambda: switched.ends)
    assert ("completed", None) == switched.ends[0]
    assert site.current.exists()


def test_stopped_runner_goes_back_from_a_release_that_is_not_ready(switched, agent, site):
    """It is the first one, so it stays to be looked at."""
    agent.set(Reason.RUNNER_STOPPED)

    assert switched.job.finished.wait(60)
    assert "runner_stopped" == switched.job.reason
    assert "there is no earlier release to go back to" in switched.job.text
