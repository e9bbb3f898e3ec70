"""kill -9 of a real runner at every step of its journal, and what the next start makes of it.

Whatever happened: one final state that is true, the whole log, and no process left.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runner.shell import marked_processes
from tests.support.live import LiveBackend
from tests.support.server import SETTINGS, Server
from tests.support.small_disk import small_disk

LINES = 12_000
LONG = f"for n in $(seq {LINES}); do echo line $n; done"
PYTHON = f'"{sys.executable}" -c "import os, time; '
DESCENDANTS = (
    "sleep 600 &",
    "(trap '' TERM; sleep 600; sleep 600) &",
    "setsid sleep 600 &",
    f'{PYTHON}os.fork() and os._exit(0); os.setsid(); os.fork() or time.sleep(600)" &',
)
DIE = "kill -KILL $PPID"


@pytest.fixture
def server(tmp_path):
    with LiveBackend(**SETTINGS) as backend:
        found = Server(tmp_path, backend)
        yield found
        found.stop()


def died(process: subprocess.Popen[bytes]) -> bool:
    return process.wait(120) == -signal.SIGKILL


def claim_of(server: Server, job_id: int) -> str:
    claim = json.loads((server.journals / str(job_id) / "claim.json").read_text())
    return str(claim["claim_id"])


def numbers(log: str) -> list[str]:
    """Return what the lines of LONG say."""
    return [line.split()[2] for line in log.splitlines() if line[9:14] == "line "]


WHOLE = [str(number) for number in range(1, LINES + 1)]


def test_claim_that_was_never_posted_is_forgotten_and_made_again(server):
    job_id = server.push()
    assert died(server.start("claim written"))
    assert "queued" == server.job(job_id)["status"]
    server.start()

    assert "completed" == server.settled(job_id)["status"]


def test_job_that_was_claimed_and_not_begun_says_that_nothing_changed(server):
    job_id = server.push()
    assert died(server.start("claim posted"))
    server.start()

    job = server.settled(job_id)
    assert ("failed", "runner_crashed") == (job["status"], job["reason"])
    said = "the runner died before the first step; nothing went live, what was live before still is"
    assert said == job["detail"]
    assert f"failed: runner_crashed: {said}\n" == server.log(job_id)[9:]
    assert server.live() is None


@pytest.fixture
def marks():
    """Marks of processes that are gone after the test, whatever it found."""
    found: list[str] = []
    yield found
    for pid in (pid for mark in found for pid in marked_processes(mark)):
        os.kill(pid, signal.SIGKILL)


def test_nothing_that_a_build_started_outlives_the_crash(server, marks):
    """Four kinds of descendants, the second ignores TERM."""
    kept = f"; until grep -q 'line {LINES}$' {server.journals}/*/log; do sleep 0.1; done;"
    job_id = server.push(build={"commands": [" ".join([*DESCENDANTS, LONG, kept, DIE])]})
    assert died(server.start())
    mark = claim_of(server, job_id)
    marks.append(mark)
    assert len(marked_processes(mark)) >= 4
    server.start()

    job = server.settled(job_id)
    assert [] == marked_processes(mark)
    assert ("failed", "runner_crashed") == (job["status"], job["reason"])
    assert job["detail"].startswith("the runner died in step build; nothing went live")
    assert WHOLE == numbers(server.log(job_id))
    assert job["detail"] in server.log(job_id).splitlines()[-1]
    assert [] == list(server.places.work.glob("*"))


def test_crash_before_the_switch_leaves_the_old_release_and_says_so(server):
    first = server.push()
    process = server.start()
    old = server.settled(first)["release"]
    process.kill()
    process.wait()
    second = server.push()
    assert died(server.start("switch noted"))
    server.start()

    job = server.settled(second)
    assert ("failed", "runner_crashed") == (job["status"], job["reason"])
    assert job["detail"].startswith("the runner died in step activate; its release 2")
    assert job["detail"].endswith(" is not live")
    assert old == server.live()
    assert job["release"] is None


def test_crash_after_the_switch_tells_which_release_is_live(server):
    job_id = server.push(deploy={"hooks": {"after_activate": [DIE]}})
    assert died(server.start())
    server.start()

    job = server.settled(job_id)
    assert ("failed", "runner_crashed") == (job["status"], job["reason"])
    assert f"died in step after_activate; its release {server.live()} is live" in job["detail"]
    assert server.live() == job["release"]
    assert str(server.root()) == job["path"]


@pytest.mark.parametrize("place", ["end written", "log half sent", "all told"])
def test_crash_after_the_end_changes_nothing_of_it(server, place):
    job_id = server.push(build={"commands": [LONG]}, deploy={"keep_releases": 2})
    assert died(server.start(place))
    server.start()

    job = server.settled(job_id)
    assert ("completed", None, server.live()) == (job["status"], job["reason"], job["release"])
    log = server.log(job_id)
    assert WHOLE == numbers(log)
    assert 1 == log.count("completed: ")
    assert job["late_result"] is None


def test_journals_that_are_torn_or_of_no_job_hold_nobody_up(server):
    torn = server.journals / "77"
    torn.mkdir(parents=True)
    (torn / "claim.json").write_text('{"job_id": 77, "cla')
    unknown = server.journals / "78"
    unknown.mkdir()
    (unknown / "claim.json").write_text('{"job_id": 78, "claim_id": "x"}')
    (unknown / "end.json").write_text("{")
    job_id = server.push()
    server.start()

    assert "completed" == server.settled(job_id)["status"]
    server.until(lambda: not list(server.journals.iterdir()))


@pytest.fixture
def small(server):
    """The journals on a file system of 200 KiB."""
    with small_disk(server.journals, 200) as place:
        yield place
        server.stop()


def test_full_disk_fails_the_job_and_the_runner_goes_on(server, small):
    process = server.start()
    job = server.settled(server.push(build={"commands": [LONG, "sleep 60"]}))

    assert ("failed", "internal") == (job["status"], job["reason"])
    assert "the runner's disk is full: No space left on device" == job["detail"]
    assert "disk is full" in server.log(job["id"]).splitlines()[-1]
    assert "completed" == server.settled(server.push())["status"]
    assert process.poll() is None


def test_disk_that_is_full_before_the_claim_fails_the_job_too(server, small):
    filler: Path = small / "filler"
    filler.write_bytes(b"x" * 204_800)
    server.start()
    job = server.settled(server.push())
    assert ("failed", "internal") == (job["status"], job["reason"])
    assert "the runner's disk is full" in job["detail"]

    filler.unlink()
    assert "completed" == server.settled(server.push())["status"]
