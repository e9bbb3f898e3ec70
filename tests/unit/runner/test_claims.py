"""Claims that get no answer, and what a dead runner left, hold nobody up."""

import pytest

from deployr.states import Reason
from runner import agent as agent_module
from runner import worker
from runner.agent import Agent
from runner.client import Client
from runner.journal import Journals
from runner.stop import StopFlag

from .fake_backend import TOKEN, FakeJob


@pytest.fixture
def journals(site) -> Journals:
    return Journals(site.places.state / "jobs")


@pytest.fixture
def hasty(monkeypatch, impatient):
    """A claim without an answer is given up soon."""
    monkeypatch.setattr(agent_module, "CLAIM_SECONDS", 0.2)


@pytest.fixture
def pair(site, backend) -> tuple[FakeJob, FakeJob]:
    """Two queued jobs; about the first no post gets through."""
    site.commit({"index.html": "x"})
    backend.broken.add(1)
    return backend.add(site.spec()), backend.add(site.spec())


def test_claim_without_an_answer_does_not_hold_the_next_job_up(
    hasty, pair, backend, agent, eventually, journals
):
    first, second = pair
    assert second.finished.wait(60)
    assert journals.holds(1)
    backend.broken.clear()

    # Never claimed, says the backend: so it may be claimed now.
    assert first.finished.wait(60)
    assert ("completed", "completed") == (first.status, second.status)
    eventually(lambda: not journals.holds(1))


def test_claim_that_was_taken_without_an_answer_ends_as_given_up(
    site, backend, hasty, agent, eventually, journals
):
    site.commit({"index.html": "x"})
    backend.mute.add(1)
    job = backend.add(site.spec())
    eventually(lambda: "failed" == job.status)
    backend.mute.clear()

    eventually(lambda: not journals.holds(1))
    assert "runner_crashed" == job.reason
    assert "nothing was changed on the server" in job.report.detail
    assert not site.current.exists()


def test_what_a_dead_runner_left_does_not_hold_new_work_up(
    pair, backend, journals, request, eventually
):
    first, second = pair
    first.status, first.claim_id = "running", "claim-of-the-dead"
    journals.create(1, "claim-of-the-dead").close()
    request.getfixturevalue("agent")

    assert second.finished.wait(60)
    assert "running" == first.status
    backend.broken.clear()
    assert first.finished.wait(60)
    assert "runner_crashed" == first.reason
    eventually(lambda: not journals.holds(1))


@pytest.mark.parametrize("lost", [False, True])
def test_journal_of_a_job_that_is_not_ours_is_dropped(backend, site, journals, lost):
    site.commit({"index.html": "x"})
    job = backend.add(site.spec())
    job.status, job.lost = "running", lost
    journals.create(1, "claim-of-the-dead").close()
    with StopFlag() as stop:
        Agent(Client(backend.url, TOKEN), site.places, stop).run_once()

    assert not journals.holds(1)
    assert not job.end


def test_slot_is_given_back_when_an_end_can_not_be_told(
    site, backend, agent, eventually, monkeypatch, journals
):
    monkeypatch.setattr(worker, "SLOT_SECONDS", 0.2)
    build = "build: {commands: ['until [ -e $DEPLOYR_PATH/../go ]; do sleep 0.05; done']}"
    site.commit({"index.html": "x", "deploy.yaml": build})
    first = backend.add(site.spec())
    eventually(lambda: first.status == "running")
    backend.broken.add(1)
    site.root.parent.mkdir(parents=True, exist_ok=True)
    (site.root.parent / "go").touch()
    second = backend.add(site.spec())

    assert second.finished.wait(60)
    assert "running" == first.status
    backend.broken.clear()
    assert first.finished.wait(60)
    assert "completed" == first.status


def test_end_that_can_not_be_told_before_the_runner_leaves_is_told_by_the_next_one(
    site, backend, journals, monkeypatch, impatient
):
    site.commit({"index.html": "x"})
    job = backend.add(site.spec())
    with StopFlag() as stop, monkeypatch.context() as brief:
        brief.setattr(worker, "FLUSH_SECONDS", 0.3)
        brief.setattr(agent_module, "FLUSH_SECONDS", 0.3)
        stop.set(Reason.RUNNER_STOPPED)
        journal = journals.create(1, "claim-of-mine")
        journal.spool.append(b"12:00:00 one\n")
        journal.write_end({"status": "completed", "data": "", "log_final_bytes": 13})
        journal.close()
        job.status, job.claim_id = "running", "claim-of-mine"
        backend.broken.add(1)
        Agent(Client(backend.url, TOKEN), site.places, stop).run()
    assert journals.holds(1)
    backend.broken.clear()
    with StopFlag() as stop:
        Agent(Client(backend.url, TOKEN), site.places, stop).run_once()

    assert ("completed", "one\n") == (job.status, job.text)
    assert not journals.holds(1)
