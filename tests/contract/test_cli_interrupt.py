"""Ctrl-C and broken pipes, with a real process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start(*arguments, cwd, backend, tmp_path):
    """Start `deployr` as a process of its own."""
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "DEPLOYR_CONFIG_DIR": str(tmp_path / "config"),
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", *arguments],
        cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_interrupt_leaves_the_job_running_and_says_how_to_return(
    deployr, backend, checkout, hand_runner, tmp_path
):
    with start(
        "push", "--create", cwd=checkout.path, backend=backend, tmp_path=tmp_path
    ) as process:
        while hand_runner.poll()["job_id"] is None:
            time.sleep(0.05)
        job_id, _ = hand_runner.claim_next()
        hand_runner.log(job_id, "working\n")
        assert "working\n" in iter(process.stdout.readline, "")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert 130 == process.returncode
    assert f"`deployr logs {job_id} --follow`" in err
    assert "Traceback" not in err
    assert "running" == backend.ask("GET", f"/api/jobs/{job_id}").json()["status"]
