"""Which processes of a job outlive it: none of the build's; daemons that the app's restart makes."""

import json
import os
import signal
from pathlib import Path

import pytest

from deployr.states import Reason
from runner import shell
from runner.shell import MARK_VARIABLE, marked_processes

from .site import Site

DAEMON = "(setsid sleep 600 & echo $! > $DEPLOYR_PATH/../{name})"


class Daemons:
    """Pushes jobs whose commands start daemons, and looks after these."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.place = site.root.parent
        self.place.mkdir(parents=True)

    def push(self, **sections: object) -> str:
        self.site.commit({"index.html": "x", "deploy.yaml": json.dumps(sections)})
        return self.site.push().status

    def is_alive(self, name: str) -> bool:
        try:
            return b"sleep" in Path(f"/proc/{self.pid(name)}/cmdline").read_bytes()
        except OSError:
            return False

    def pid(self, name: str) -> int:
        return int((self.place / name).read_text())

    def is_apart(self, name: str) -> bool:
        """Tell whether it runs by now in a session of its own."""
        return os.getsid(self.pid(name)) == self.pid(name)

    def is_named(self, name: str) -> bool:
        """Tell whether its id has been written down."""
        path = self.place / name
        return path.exists() and path.read_text().endswith("\n")

    def end(self) -> None:
        for path in self.place.glob("d-*"):
            if self.is_alive(path.name):
                os.kill(int(path.read_text()), signal.SIGKILL)


@pytest.fixture
def daemons(site):
    found = Daemons(site)
    yield found
    found.end()


def daemon(name: str) -> str:
    return DAEMON.format(name=name)


def test_daemon_of_a_failed_build_is_ended(daemons):
    assert "failed" == daemons.push(build={"commands": [daemon("d-build"), "exit 3"]})

    assert not daemons.is_alive("d-build")


def test_daemons_of_build_and_migration_are_ended_when_the_job_is_done(daemons):
    hooks = {"before_build": [daemon("d-first")], "before_activate": [daemon("d-migrate")]}
    assert "completed" == daemons.push(
        build={"commands": [daemon("d-build")]}, deploy={"hooks": hooks}
    )

    assert [False] * 3 == [daemons.is_alive(n) for n in ("d-first", "d-build", "d-migrate")]


def test_daemon_that_the_restart_starts_goes_on_and_carries_no_mark(daemons):
    hooks = {"after_activate": [daemon("d-app")]}
    assert "completed" == daemons.push(deploy={"hooks": hooks})

    assert daemons.is_alive("d-app")
    environ = Path(f"/proc/{daemons.pid('d-app')}/environ").read_bytes()
    assert MARK_VARIABLE.encode() not in environ
    assert b"DEPLOYR_RELEASE=" in environ


def test_daemons_of_the_way_back_go_on(daemons):
    """The old release is restarted, and on_failure runs while it is live."""
    assert "completed" == daemons.push()
    hooks = {
        "after_activate": [f"{daemon('d-$(basename $DEPLOYR_RELEASE)')}; [ -e index.old ]"],
        "on_failure": [daemon("d-told")],
    }
    assert "failed" == daemons.push(deploy={"hooks": hooks})

    assert daemons.is_alive("d-told")
    assert daemons.is_alive(f"d-{daemons.site.current.resolve().name}")


def test_daemon_of_on_failure_is_ended_when_nothing_went_live(daemons):
    hooks = {"before_build": ["exit 3"], "on_failure": [daemon("d-told")]}
    assert "failed" == daemons.push(deploy={"hooks": hooks})

    assert not daemons.is_alive("d-told")


def test_stop_ends_the_group_of_a_command_without_a_mark(
    daemons, site, agent, eventually, monkeypatch
):
    """Also what ignores TERM in it, but not what has left it."""
    monkeypatch.setattr(shell, "TERM_SECONDS", 0.3)
    stubborn = "(trap '' TERM; echo ready; sleep 601; sleep 601) & echo $! > ../../../d-group"
    hooks = {"after_activate": [f"{daemon('d-app')}; {stubborn}; sleep 600"]}
    site.commit({"index.html": "x", "deploy.yaml": json.dumps({"deploy": {"hooks": hooks}})})
    job = site.backend.add(site.spec())
    eventually(lambda: "\nready\n" in job.text and daemons.is_named("d-group"))
    eventually(lambda: daemons.is_apart("d-app"))
    agent.set(Reason.RUNNER_STOPPED)

    assert job.finished.wait(60)
    assert daemons.is_alive("d-app")
    assert not daemons.is_alive("d-group")
    assert [] == marked_processes(job.claim_id)
