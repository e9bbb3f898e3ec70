"""Deploying an ended job once more, and requests whose answers get lost."""

import json

import pytest

from cli.client import Client
from cli.config import Account
from tests.factories import REPO
from tests.support.faults import Fault, FaultProxy


@pytest.fixture
def job(deployr, checkout):
    """A queued job of the checkout's project."""
    return json.loads(deployr("push", "--create", "--no-follow", "--json").out)["id"]


def test_retry_makes_a_new_job_of_the_same_commit_and_params(deployr, checkout, hand_runner):
    checkout.commit("path", deploy_yaml="deploy: {path: /srv/app}\n")
    checkout.push()
    deployr("push", "--create", "--no-follow")
    first, spec = hand_runner.claim_next()
    assert 200 == hand_runner.post(first, "failed", reason="runner_crashed").status_code
    checkout.commit("later")

    said = deployr("retry", "--no-follow", "--json")

    assert 0 == said.code, said.err
    hand_runner.claim_id = "second-claim"
    second, again = hand_runner.claim_next()
    assert second == json.loads(said.out)["id"] != first
    assert (spec.commit, spec.params) == (again.commit, again.params)
    assert spec.nonce != again.nonce


def test_unfinished_job_is_not_retried(deployr, job):
    refused = deployr("retry", str(job))

    assert (2, f"Error: Job {job} is queued.") == (refused.code, refused.err.splitlines()[0])


@pytest.mark.parametrize("fault", Fault)
def test_request_is_repeated_until_it_made_one_job(backend, monkeypatch, fault):
    """Whatever happens to it twice: lost, done and not told, refused by what stands before."""
    monkeypatch.setattr("cli.client.RETRY_PAUSES", (0.01, 0.01))
    if fault is Fault.STALL:
        # A slow machine may keep it waiting for more answers than those two.
        monkeypatch.setattr("cli.client.TIMEOUT", (5, 2))
        monkeypatch.setattr("cli.client.RETRY_PAUSES", (0.01,) * 6)
    with FaultProxy(backend.url, stall_seconds=60) as proxy:
        client = Client(Account(url=proxy.url, token=backend.token))
        project = client.create_project({"name": "shop", "repo_url": REPO})
        first = len(proxy.done)
        proxy.choose = lambda number, *_: fault if number < first + 2 else None

        job = client.create_job({"project_id": project["id"]})

    assert [job["id"]] == [one["id"] for one in client_jobs(backend)]
    assert fault in proxy.happened()


def client_jobs(backend):
    return backend.ask("GET", "/api/jobs").json()["jobs"]
