"""Processes of the build user end with their job, though the runner may not signal them."""

import json
import os
import threading
import time

from runner.shell import marked_processes
from tests.support.unprivileged import as_user

HIDES = "setsid sh -c 'setsid sh -c \"trap : TERM; while :; do sleep 1; done\" &' & sleep 600 & "


def test_what_a_build_leaves_running_is_ended(server):
    job = server.deployed({"index.html": "x"}, build={"commands": [f"{HIDES} echo begun"]})

    assert "completed" == job.status, job.text
    assert [] == marked_processes(job.claim_id or "")


def test_cancel_ends_all_processes_of_the_build_user(server):
    commands = {"build": {"commands": [f"{HIDES} echo begun; trap : TERM; sleep 600; sleep 600"]}}
    files = {"index.html": "x", "deploy.yaml": json.dumps(commands)}
    as_user(server.agent, lambda: server.commit(files))
    job = server.queue()

    def cancel() -> None:
        while b"begun\n" not in job.log.replace(b"echo begun", b""):
            time.sleep(0.02)
        job.cancel = True

    canceller = threading.Thread(target=cancel)
    canceller.start()
    as_user(server.agent, lambda: server.work(job))
    canceller.join()

    assert "cancelled" == job.reason, job.text
    assert [] == marked_processes(job.claim_id or "")
    assert not server.current.exists()


def test_next_start_ends_and_removes_what_a_killed_runner_left(server):
    closed = "mkdir closed; touch closed/x; chmod a-w closed"
    commands = {"build": {"commands": [f"{closed}; {HIDES} touch begun; sleep 600"]}}
    files = {"index.html": "x", "deploy.yaml": json.dumps(commands)}
    as_user(server.agent, lambda: server.commit(files))
    job = server.queue()

    def die() -> None:
        while not (server.places.work / "1/tree/begun").exists():
            time.sleep(0.02)
        os._exit(0)

    def work() -> None:
        threading.Thread(target=die, daemon=True).start()
        server.work(job)

    as_user(server.agent, work)
    assert marked_processes(job.claim_id or "")
    as_user(server.agent, lambda: server.work(job))

    assert "runner_crashed" == job.reason
    assert [] == marked_processes(job.claim_id or "")
    assert [] == list(server.places.work.iterdir())
