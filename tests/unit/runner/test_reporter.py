"""What the backend hears of a job while it runs, whatever happens on the way."""

import time

import pytest

from deployr.logchunk import MAX_CHUNK_BYTES
from deployr.states import Reason
from runner import reporter as reporter_module
from runner.client import Client
from runner.reporter import Reporter
from runner.spool import Spool
from runner.stop import StopFlag
from runner.uplink import MIN_CHUNK_BYTES, Uplink

from .fake_backend import TOKEN, AnswerError, FakeBackend, refusal

CLAIM = "claim-1"
BAD_GATEWAY = AnswerError(502, b"<html>Bad Gateway</html>", Content_Type="text/html")
TOO_LARGE = AnswerError(413, b"<html>Too large</html>", Content_Type="text/html")


class Reported:
    """A claimed job whose log the test writes."""

    def __init__(self, backend: FakeBackend, spool: Spool, stop: StopFlag) -> None:
        self.stop = stop
        self.job = backend.add(b"{}")
        self.spool = spool
        self.uplink = Uplink(Client(backend.url, TOKEN), 1, CLAIM, spool)
        self.uplink.claim()
        self.reporter = Reporter(self.uplink, stop)

    def line(self, text: str) -> None:
        self.spool.append(f"{text}\n".encode())

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Where the pieces of the log began that were posted, and how long they were."""
        return [(p["log"]["off"], p["log"]["len"]) for p in self.job.posts if "log" in p]


@pytest.fixture
def reported(backend, impatient, monkeypatch, tmp_path):
    """A reporter that has not started yet."""
    monkeypatch.setattr(reporter_module, "FIRST_SECONDS", 0.01)
    spool = Spool(tmp_path / "log")
    with StopFlag() as stop:
        found = Reported(backend, spool, stop)
        yield found
        if found.reporter._thread.ident is not None:
            found.reporter.end()
    spool.close()


def test_log_arrives_while_the_job_runs(reported, eventually):
    reported.reporter.start()
    reported.line("one")
    eventually(lambda: "one\n" == reported.job.text)
    reported.line("two")

    eventually(lambda: "one\ntwo\n" == reported.job.text)
    assert "running" == reported.job.status


def test_heartbeats_go_on_without_news(reported, eventually):
    reported.reporter.start()

    eventually(lambda: len(reported.job.posts) > 3)
    assert {"status": "running", "claim_id": CLAIM} == reported.job.posts[-1]


def test_facts_are_told_with_each_heartbeat(reported, eventually):
    reported.reporter.tell(timeout=60)
    reported.reporter.tell(activated=True)
    reported.reporter.start()

    eventually(lambda: len(reported.job.posts) > 3)
    told = [(post["timeout"], post["activated"]) for post in reported.job.posts[1:]]
    assert {(60, True)} == set(told)


def test_pause_between_heartbeats_is_what_the_backend_wants_but_short_at_first(reported, backend):
    """Nobody can follow a job before the backend tells of it."""
    assert 12 <= reported.reporter._pause(15) * 15 / 2 <= 18
    reported.reporter._begun -= reporter_module.EARLY_SECONDS
    assert 12 <= reported.reporter._pause(15) <= 18


def test_nudge_makes_the_next_heartbeat_come_at_once(reported, backend, eventually):
    backend.interval = 60
    reported.reporter._begun -= reporter_module.EARLY_SECONDS
    reported.reporter.start()
    eventually(lambda: len(reported.job.posts) == 2)
    reported.reporter.nudge()

    eventually(lambda: len(reported.job.posts) == 3)


def test_nudge_does_not_shorten_the_pause_that_a_busy_backend_asks_for(
    reported, backend, eventually
):
    backend.faults.append(AnswerError(503, b"", Retry_After="1"))
    begun = time.monotonic()
    reported.reporter.start()
    eventually(lambda: len(reported.job.posts) >= 2)
    reported.reporter.nudge()

    eventually(lambda: len(reported.job.posts) >= 3)
    assert time.monotonic() - begun >= 1


def test_whole_chunks_that_wait_leave_no_pause(reported):
    reported.line("x" * MAX_CHUNK_BYTES)

    assert 0 == reported.reporter._pause(15)


def test_word_of_the_backend_is_fresh_for_a_fifth_of_the_lease(reported, backend):
    assert reported.reporter.is_fresh
    backend.lease_seconds = 300
    reported.uplink.post({"status": "running"})
    reported.uplink._accepted -= 30
    assert reported.reporter.is_fresh
    reported.uplink._accepted -= 30

    assert not reported.reporter.is_fresh


def test_wish_to_cancel_stops_the_job(reported, eventually):
    reported.job.cancel = True
    reported.reporter.start()

    eventually(lambda: reported.stop.reason is Reason.CANCELLED)


def test_lost_claim_stops_the_job_and_the_heartbeats(reported, eventually):
    reported.job.lost = True
    reported.reporter.start()
    eventually(lambda: reported.stop.reason is Reason.RUNNER_LOST)
    reported.reporter.end()

    assert ["running", "running"] == [post["status"] for post in reported.job.posts]


@pytest.mark.parametrize("status", ["failed", "completed"])
def test_answer_that_the_job_is_over_stops_it_too(reported, eventually, status):
    """So a post that carries log is answered within an hour of the end."""
    reported.job.status = status
    reported.reporter.start()

    eventually(lambda: reported.stop.reason is Reason.RUNNER_LOST)


def test_backend_that_lost_a_piece_gets_it_again(reported, eventually):
    reported.reporter.start()
    reported.line("one")
    eventually(lambda: not reported.uplink.is_pending)  # the answer has come too
    reported.job.log.clear()
    reported.line("two")

    eventually(lambda: "one\ntwo\n" == reported.job.text)


def test_piece_whose_answer_was_lost_is_not_doubled(reported, backend, eventually):
    reported.line("one")
    backend.faults += [BAD_GATEWAY, BAD_GATEWAY]
    reported.reporter.start()
    eventually(lambda: not backend.faults)
    reported.line("two")

    eventually(lambda: "one\ntwo\n" == reported.job.text)


def test_refused_heartbeat_does_not_touch_the_job(reported, backend, eventually):
    backend.faults += [refusal(401, "unauthorized"), refusal(422, "invalid")]
    reported.line("one")
    reported.reporter.start()

    eventually(lambda: len(reported.job.posts) > 3)
    assert reported.stop.reason is None


def test_web_server_that_takes_no_large_posts_gets_smaller_ones(reported, backend, eventually):
    """Half as much until it fits, and so from then on."""
    backend.faults += [TOO_LARGE, TOO_LARGE]
    backend.deaf = True
    reported.line("x" * 70_000)
    reported.uplink.post({"status": "running"})

    whole = MAX_CHUNK_BYTES
    assert [(0, whole), (0, whole // 2), (0, whole // 4)] == reported.pieces


def test_web_server_that_takes_nothing_is_asked_again_later(reported, backend, eventually):
    reported.line("x" * 70_000)
    reported.uplink._chunk_bytes = 2 * MIN_CHUNK_BYTES
    backend.faults += [TOO_LARGE] * 3
    reported.reporter.start()

    eventually(lambda: len(reported.job.log) == 70_001)
    assert MIN_CHUNK_BYTES == reported.pieces[-2][1]
