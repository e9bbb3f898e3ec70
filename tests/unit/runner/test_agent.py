"""The loop from poll to report: what the backend does, and what the runner makes of it."""

import json
import os
import signal
import threading
import time

import pytest

from deployr.states import Reason
from runner.agent import Agent
from runner.backoff import Backoff
from runner.client import Client
from runner.errors import RunnerError, TokenRefusedError, UnreachableError
from runner.shell import marked_processes
from runner.state import STATE_FILE, read_notes, sole_agent
from runner.stop import StopFlag

from .fake_backend import TOKEN, AnswerError, refusal

BAD_GATEWAY = AnswerError(502, b"<html>Bad Gateway</html>", Content_Type="text/html")
REFUSED = refusal(401, "unauthorized")


@pytest.fixture
def waiting(site, tmp_path):
    """A queued job whose build says `begun`, then waits for the file `go`."""
    lines = [f"sleep 600 & echo begun; until [ -e {tmp_path}/go ]; do sleep 0.05; done"]
    site.commit({"index.html": "x", "deploy.yaml": json.dumps({"build": {"commands": lines}})})
    job = site.backend.add(site.spec())
    yield job
    for pid in marked_processes(job.claim_id or ""):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def quick(site):
    """A queued job that is soon done."""
    site.commit({"index.html": "x"})
    return site.backend.add(site.spec())


def test_agent_works_job_after_job_without_waiting_for_the_next_poll(site, backend, agent):
    """The backend would be asked again in a minute only."""
    site.commit({"index.html": "x"})
    jobs = [backend.add(site.spec()), backend.add(site.spec())]
    backend.poll_after = 60

    assert all(job.finished.wait(60) for job in jobs)


def test_log_is_live(waiting, agent, eventually, tmp_path):
    eventually(lambda: "\nbegun\n" in waiting.text)

    assert "running" == waiting.status
    (tmp_path / "go").touch()
    assert waiting.finished.wait(60)
    assert "completed" == waiting.status


def test_cancelled_job_ends_with_all_its_processes(waiting, agent, eventually, site):
    eventually(lambda: "\nbegun\n" in waiting.text)
    waiting.cancel = True

    assert waiting.finished.wait(60)
    assert "cancelled" == waiting.reason
    assert "cancelled by a user" in waiting.report.detail
    assert [] == marked_processes(waiting.claim_id)
    assert not site.current.exists()


def test_lost_claim_ends_the_job_and_all_its_processes(waiting, agent, eventually, backend):
    eventually(lambda: "\nbegun\n" in waiting.text)
    assert marked_processes(waiting.claim_id)
    waiting.lost = True

    eventually(lambda: "failed" in [post["status"] for post in waiting.posts])
    assert [] == marked_processes(waiting.claim_id)


def test_stopped_agent_ends_its_job_as_runner_stopped(waiting, agent, eventually):
    eventually(lambda: "\nbegun\n" in waiting.text)
    agent.set(Reason.RUNNER_STOPPED)

    assert waiting.finished.wait(60)
    assert "runner_stopped" == waiting.reason
    assert "push again" in waiting.report.detail
    assert [] == marked_processes(waiting.claim_id)


def test_lost_answer_to_a_claim_is_asked_for_again(site, backend, quick, impatient):
    backend.faults += [None, BAD_GATEWAY, BAD_GATEWAY]
    site.work(quick)

    assert "completed" == quick.status
    assert 1 == len({post["claim_id"] for post in quick.posts})
    assert ["running"] * 3 == [post["status"] for post in quick.posts[:3]]
    assert 1 == len(site.releases)


def test_job_that_somebody_else_took_is_passed_over(site, backend, quick):
    second = backend.add(site.spec())
    backend.faults += [None, refusal(409, "not_claimable")]
    site.work(second)

    assert 1 == len(quick.posts)
    assert "completed" == second.status


FAULTS = {
    "gateway": BAD_GATEWAY,
    "busy": AnswerError(503, b"", Retry_After="0"),
    "parking page": AnswerError(200, b"<html>Welcome</html>"),
    "other json": AnswerError(200, {"candidates": 1}),
    "list": AnswerError(200, b"[]"),
    "no utf-8": AnswerError(200, b'{"candidates": "\xff\xfe'),
    "bottomless": AnswerError(200, b"[" * 100_000),
    "endless pause": AnswerError(200, b'{"candidates": [], "poll_after": 1e999}'),
    "no pause": AnswerError(200, b'{"candidates": [], "poll_after": NaN}'),
    "redirect": AnswerError(302, b"", Location="https://login.example.com/"),
    "moved": AnswerError(301, {}, Location="https://login.example.com/"),
    "refused": refusal(426, "protocol_too_old"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_agent_survives_whatever_answers(backend, quick, fault, request):
    backend.faults += [fault, fault]
    request.getfixturevalue("agent")

    assert quick.finished.wait(60)


def test_silent_backend_is_unreachable_with_its_cause():
    with pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:9 is unreachable: .*refused"):
        Client("http://127.0.0.1:9", TOKEN).poll()


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("99999", 300), ("soon", 0), ("-1", 0), ("", 0)]
)
def test_retry_after_is_heard_within_reason(backend, header, seconds):
    backend.faults.append(AnswerError(503, {}, Retry_After=header))

    with pytest.raises(UnreachableError) as caught:
        Client(backend.url, TOKEN).poll()

    assert seconds == caught.value.retry_after


def test_waits_grow_and_are_never_shorter_than_the_backend_asks():
    backoff = Backoff()

    waits = [backoff.next(2) for _ in range(20)]

    assert all(2 <= wait <= 60 for wait in waits)
    assert max(waits) > 2
    backoff.reset()
    assert backoff.next() <= 1


def test_agent_waits_as_long_as_a_busy_backend_asks(backend, quick, request):
    backend.faults.append(AnswerError(503, b"", Retry_After="1"))
    begun = time.monotonic()
    request.getfixturevalue("agent")

    assert quick.finished.wait(60)
    assert time.monotonic() - begun >= 1


def test_pause_between_polls_is_what_the_backend_wants(backend, eventually, request):
    backend.poll_after = 0.3
    begun = time.monotonic()
    request.getfixturevalue("agent")

    eventually(lambda: backend.polls >= 3)
    assert time.monotonic() - begun >= 2 * 0.9 * 0.3


def test_third_refusal_of_the_token_in_a_row_ends_the_agent(site, backend, impatient):
    backend.tokens.clear()

    with StopFlag() as stop, pytest.raises(TokenRefusedError):
        Agent(Client(backend.url, TOKEN), site.places, stop).run()


def test_two_refusals_of_the_token_in_a_row_do_not_end_the_agent(backend, eventually, request):
    backend.faults += [REFUSED, REFUSED, None, REFUSED, REFUSED]
    request.getfixturevalue("agent")

    eventually(lambda: backend.polls > 6)


def test_second_agent_in_the_same_place_is_refused(site):
    refused = pytest.raises(RunnerError, match="another deployr-runner works with")
    with sole_agent(site.places), refused, sole_agent(site.places):
        pass

    with sole_agent(site.places):
        pass


def test_what_a_killed_agent_left_is_cleared_away(site):
    (site.places.work / "7" / "tree").mkdir(parents=True)

    with sole_agent(site.places):
        assert not site.places.work.exists()


def test_notes_tell_of_the_last_contact_and_the_last_job(site, quick):
    site.work(quick)

    notes = read_notes(site.places)
    assert {"last_contact", "last_job"} == set(notes)
    job = notes["last_job"]
    assert isinstance(job, dict)
    assert job["ended_at"] >= str(notes["last_contact"])
    assert (1, "completed", None) == (job["id"], job["status"], job["reason"])


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"'])
def test_broken_notes_are_no_notes(site, text):
    site.places.state.mkdir()
    (site.places.state / STATE_FILE).write_text(text)

    assert {} == read_notes(site.places)


def test_agent_goes_on_when_notes_can_not_be_written(site, quick):
    (site.places.state / STATE_FILE).mkdir(parents=True)
    site.work(quick)

    assert "completed" == quick.status


def test_stop_ends_an_agent_that_waits(site, backend, eventually):
    backend.poll_after = 600
    with StopFlag() as stop:
        thread = threading.Thread(target=Agent(Client(backend.url, TOKEN), site.places, stop).run)
        thread.start()
        eventually(lambda: backend.polls)
        stop.set(Reason.RUNNER_STOPPED)
        thread.join(60)

        assert not thread.is_alive()
