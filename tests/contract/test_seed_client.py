"""A client written from the first architecture document alone works, on both databases."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.backend import Clock
from tests.support.databases import KINDS
from tests.support.live import LiveBackend

SCRIPT = Path(__file__).with_name("seed_client.sh")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=KINDS)
def client(request, clock, tmp_path):
    with LiveBackend(request.param, CLOCK=clock) as live:
        environment = {**os.environ, "SEED_STATE": str(tmp_path), "NO_PROXY": "127.0.0.1"}

        def run(part):
            argv = ["bash", str(SCRIPT), live.url, live.token, part]
            done = subprocess.run(
                argv, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout.strip()

        yield run


def test_project_job_claim_logs_and_end(client):
    client("start")

    assert "2026-02-03 18:00:00" == client("finish")


def test_deployment_may_take_five_minutes_without_a_word(client, clock):
    """The seed's runner sends no heartbeats: nothing takes its job away meanwhile."""
    client("start")
    clock.move(minutes=5)

    assert "2026-02-03 18:05:00" == client("finish")
