"""What the backend hears of a job while it runs and at its end, whatever happens on the way."""

import logging

import pytest

from deployr.logchunk import MAX_CHUNK_BYTES
from deployr.states import Reason
from runner import reporter as reporter_module
from runner.client import Client
from runner.errors import TokenRefusedError
from runner.logstream import JobLog
from runner.redact import Redactor
from runner.reporter import Reporter
from runner.stop import StopFlag

from .fake_backend import TOKEN, AnswerError, FakeBackend, refusal

CLAIM = "claim-1"
END = {"status": "failed", "reason": "cancelled", "data": ""}
BAD_GATEWAY = AnswerError(502, b"<html>Bad Gateway</html>", Content_Type="text/html")


class Reported:
    """A claimed job whose log the test writes."""

    def __init__(self, backend: FakeBackend, stop: StopFlag, agent_stop: StopFlag) -> None:
        self.stop = stop
        self.agent_stop = agent_stop
        self.job = backend.add(b"{}")
        self.log = JobLog(Redactor())
        client = Client(backend.url, TOKEN)
        client.post_status(1, {"status": "running", "claim_id": CLAIM})
        self.reporter = Reporter(client, 1, CLAIM, self.log, stop)

    def end(self) -> None:
        """End the job; without a `start` before, no heartbeat comes in between."""
        if self.reporter._thread.ident is None:
            self.reporter._over.set()
            self.reporter.start()
        self.reporter.end(END, self.agent_stop)

    @property
    def offsets(self) -> list[int]:
        """Where the pieces of the log began that were posted."""
        return [post["log"]["off"] for post in self.job.posts if "log" in post]


@pytest.fixture
def reported(backend, impatient, monkeypatch):
    """A reporter that has not started yet."""
    monkeypatch.setattr(reporter_module, "FIRST_SECONDS", 0.01)
    with StopFlag() as agent_stop, StopFlag(parent=agent_stop) as stop:
        found = Reported(backend, stop, agent_stop)
        yield found
        found.reporter._over.set()


def test_log_arrives_while_the_job_runs(reported, eventually):
    reported.reporter.start()
    reported.log.line("one")
    eventually(lambda: "one\n" == reported.job.text)
    reported.log.line("two")

    eventually(lambda: "one\ntwo\n" == reported.job.text)
    assert "running" == reported.job.status


def test_heartbeats_go_on_without_news(reported, eventually):
    reported.reporter.start()

    eventually(lambda: len(reported.job.posts) > 3)
    assert {"status": "running", "claim_id": CLAIM} == reported.job.posts[-1]


def test_pause_between_heartbeats_is_what_the_backend_wants_but_short_at_first(reported, backend):
    """Nobody can follow a job before the backend tells of it."""
    assert 12 <= reported.reporter._pause(15) * 15 / 2 <= 18
    reported.reporter._begun -= reporter_module.EARLY_SECONDS
    assert 12 <= reported.reporter._pause(15) <= 18


def test_whole_chunks_that_wait_leave_no_pause(reported):
    reported.log.output(b"x" * MAX_CHUNK_BYTES + b"\n")

    assert 0 == reported.reporter._pause(15)


def test_long_log_arrives_whole_and_once(reported):
    reported.log.output(b"0123456\n" * 40_000)
    reported.end()

    assert "0123456\n" * 40_000 == reported.job.text
    assert [0, *range(MAX_CHUNK_BYTES, 320_000, MAX_CHUNK_BYTES)] == reported.offsets


def test_end_is_told_before_the_rest_of_the_log(reported):
    reported.log.line("late")
    reported.end()

    claim, end, rest = reported.job.posts
    assert ("running", "failed", "failed") == (claim["status"], end["status"], rest["status"])
    assert ("log" in end, "log" in rest) == (False, True)
    assert {5} == {end["log_final_bytes"], rest["log_final_bytes"]}


def test_wish_to_cancel_stops_the_job(reported, eventually):
    reported.job.cancel = True
    reported.reporter.start()

    eventually(lambda: reported.stop.reason is Reason.CANCELLED)


def test_lost_claim_stops_the_job_and_the_heartbeats(reported, eventually):
    reported.job.lost = True
    reported.reporter.start()
    eventually(lambda: reported.stop.reason is Reason.RUNNER_LOST)
    reported.end()

    assert ["running", "running", "failed"] == [post["status"] for post in reported.job.posts]


def test_backend_that_lost_a_piece_gets_it_again(reported, eventually):
    reported.reporter.start()
    reported.log.line("one")
    eventually(lambda: reported.job.log)
    reported.job.log.clear()
    reported.log.line("two")
    reported.end()

    assert "one\ntwo\n" == reported.job.text


def test_piece_whose_answer_was_lost_is_not_doubled(reported, backend):
    reported.log.line("one")
    backend.faults += [BAD_GATEWAY, BAD_GATEWAY]
    reported.reporter.start()
    reported.end()

    assert "one\n" == reported.job.text
    assert reported.job.finished.is_set()


@pytest.mark.parametrize(
    "fault",
    [
        BAD_GATEWAY,
        AnswerError(503, b"", Retry_After="0"),
        AnswerError(200, b"<html>Parking page</html>"),
        AnswerError(200, {"unexpected": "fields"}),
        AnswerError(302, {}, Location="https://login.example.com/"),
        AnswerError(200, b'{"status": "running", "interval": 1e999}'),
        AnswerError(429, {"detail": "slow down"}),
        AnswerError(408, {}),
    ],
    ids=lambda fault: f"{fault.status} {fault.body[:20]!r}",
)
def test_end_is_told_again_when_no_backend_answered(reported, backend, fault):
    backend.faults += [fault, fault]
    reported.end()

    assert 4 == len(reported.job.posts)
    assert reported.job.finished.is_set()


def test_full_log_is_sent_no_further(reported, backend):
    backend.log_cap = 100
    reported.log.output(b"0123456\n" * 40_000)
    reported.reporter.start()
    reported.end()

    assert [0] == reported.offsets
    assert 100 == len(reported.job.log)
    assert reported.job.finished.is_set()


def test_backend_that_takes_no_logs_is_not_asked_for_ever(reported, backend):
    backend.deaf = True
    reported.log.line("one")
    reported.end()

    assert [0] == reported.offsets


def test_refused_heartbeat_does_not_touch_the_job(reported, backend, eventually):
    backend.faults += [refusal(401, "unauthorized"), refusal(422, "invalid")]
    reported.log.line("one")
    reported.reporter.start()

    eventually(lambda: len(reported.job.posts) > 3)
    assert reported.stop.reason is None


def test_token_refused_thrice_at_the_end_is_an_error(reported, backend):
    backend.faults += [refusal(401, "unauthorized")] * 3

    with pytest.raises(TokenRefusedError):
        reported.end()


def test_token_refused_twice_at_the_end_is_tried_again(reported, backend):
    backend.faults += [refusal(401, "unauthorized")] * 2
    reported.end()

    assert reported.job.finished.is_set()


def test_end_that_the_backend_does_not_take_is_a_warning(reported, backend, caplog):
    backend.faults.append(refusal(409, "job_finished"))
    with caplog.at_level(logging.WARNING):
        reported.end()

    assert "does not take its end: It is job_finished." in caplog.text


def test_silent_backend_is_given_up_in_the_end(reported, backend, monkeypatch, caplog):
    monkeypatch.setattr(reporter_module, "END_SECONDS", 0.2)
    backend.faults += [BAD_GATEWAY] * 1000
    with caplog.at_level(logging.WARNING):
        reported.end()

    assert "its end could not be told" in caplog.text


def test_runner_that_has_to_go_gives_up_sooner(reported, backend, monkeypatch, caplog):
    monkeypatch.setattr(reporter_module, "STOPPING_END_SECONDS", 0.2)
    backend.faults += [BAD_GATEWAY] * 1000
    reported.agent_stop.set(Reason.RUNNER_STOPPED)
    with caplog.at_level(logging.WARNING):
        reported.end()

    assert "its end could not be told" in caplog.text
