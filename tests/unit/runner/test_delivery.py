"""The end of a job and the rest of its log, brought to a backend that is not always there."""

import logging
import time
from typing import Any

import pytest

from deployr.logchunk import MAX_CHUNK_BYTES
from runner import delivery as delivery_module
from runner.client import Client
from runner.delivery import Delivery
from runner.errors import TokenRefusedError
from runner.spool import Spool
from runner.uplink import Uplink

from .fake_backend import TOKEN, AnswerError, FakeBackend, refusal

CLAIM = "claim-1"
BAD_GATEWAY = AnswerError(502, b"<html>Bad Gateway</html>", Content_Type="text/html")


class Delivered:
    """A claimed job that is over."""

    def __init__(self, backend: FakeBackend, spool: Spool) -> None:
        self.job = backend.add(b"{}")
        self.spool = spool
        self.uplink = Uplink(Client(backend.url, TOKEN), 1, CLAIM, spool)
        self.uplink.claim()
        self.end: dict[str, Any] = {"status": "failed", "reason": "cancelled", "data": ""}

    def __call__(self, seconds: float = 60) -> bool:
        until = time.monotonic() + seconds
        self.end["log_final_bytes"] = self.spool.size
        delivery = Delivery(self.uplink, self.end)
        return delivery.run(lambda: time.monotonic() > until, time.sleep)

    @property
    def offsets(self) -> list[int]:
        return [post["log"]["off"] for post in self.job.posts if "log" in post]


@pytest.fixture
def delivered(backend, impatient, tmp_path):
    """Something to deliver."""
    spool = Spool(tmp_path / "log")
    yield Delivered(backend, spool)
    spool.close()


def test_end_is_told_before_the_rest_of_the_log(delivered):
    delivered.spool.append(b"late\n")

    assert delivered()

    claim, end, rest = delivered.job.posts
    assert ("running", "failed", "failed") == (claim["status"], end["status"], rest["status"])
    assert ("log" in end, "log" in rest) == (False, True)
    assert {5} == {end["log_final_bytes"], rest["log_final_bytes"]}


def test_long_log_arrives_whole_and_once(delivered):
    delivered.spool.append(b"0123456\n" * 40_000)
    assert delivered()

    assert "0123456\n" * 40_000 == delivered.job.text
    assert [0, *range(MAX_CHUNK_BYTES, 320_000, MAX_CHUNK_BYTES)] == delivered.offsets


@pytest.mark.parametrize(
    "fault",
    [
        BAD_GATEWAY,
        AnswerError(503, b"", Retry_After="0"),
        AnswerError(508, b"<html>Resource limit is reached</html>"),
        AnswerError(413, b"<html>Too large</html>"),
        AnswerError(200, b"<html>Parking page</html>"),
        AnswerError(200, {"unexpected": "fields"}),
        AnswerError(302, {}, Location="https://login.example.com/"),
        AnswerError(200, b'{"status": "running", "interval": 1e999}'),
        AnswerError(200, b'{"status": "running", "lease_seconds": 0}'),
        AnswerError(200, b'{"status": "running", "log_cap": -1}'),
        AnswerError(429, {"detail": "slow down"}),
        AnswerError(408, {}),
    ],
    ids=lambda fault: f"{fault.status} {fault.body[:40]!r}",
)
def test_end_is_told_again_when_no_backend_answered(delivered, backend, fault):
    backend.faults += [fault, fault]
    assert delivered()

    assert 4 == len(delivered.job.posts)
    assert delivered.job.finished.is_set()


def test_full_log_is_sent_no_further(delivered, backend):
    backend.log_cap = 100
    delivered.spool.append(b"0123456\n" * 40_000)
    assert delivered()

    assert [0] == delivered.offsets
    assert 100 == len(delivered.job.log)
    assert delivered.job.finished.is_set()


def test_backend_that_takes_no_logs_is_not_asked_for_ever(delivered, backend):
    backend.deaf = True
    delivered.spool.append(b"one\n")
    assert delivered()

    assert [0] == delivered.offsets


def test_log_is_given_up_when_the_late_hour_is_over(delivered, backend, monkeypatch):
    monkeypatch.setattr(delivery_module, "LATE_SECONDS", -1)
    delivered.spool.append(b"one\n")

    assert delivered()
    assert [] == delivered.offsets


def test_token_refused_thrice_in_a_row_is_an_error(delivered, backend):
    backend.faults += [refusal(401, "unauthorized")] * 3

    with pytest.raises(TokenRefusedError):
        delivered()


def test_token_refused_twice_in_a_row_is_tried_again(delivered, backend):
    backend.faults += [refusal(401, "unauthorized")] * 2

    assert delivered()
    assert delivered.job.finished.is_set()


@pytest.mark.parametrize(
    ("status", "code"), [(409, "job_finished"), (409, "not_claimable"), (404, "not_found")]
)
def test_end_that_the_backend_does_not_take_is_settled(delivered, backend, caplog, status, code):
    backend.faults.append(refusal(status, code))
    with caplog.at_level(logging.WARNING):
        assert delivered()

    assert f"does not take its end: It is {code}." in caplog.text
    assert 2 == len(delivered.job.posts)


def test_log_of_a_job_that_was_given_up_is_still_told(delivered, backend):
    """The end is refused, but kept as a late result; the log is taken for an hour."""
    delivered.spool.append(b"one\n")
    backend.faults.append(refusal(410, "claim_lost"))

    assert delivered()
    assert "one\n" == delivered.job.text
    assert ["running", "failed", "running"] == [post["status"] for post in delivered.job.posts]


def test_job_that_is_gone_for_good_is_settled(delivered):
    delivered.spool.append(b"one\n")
    delivered.job.lost = True

    assert delivered()


def test_silent_backend_is_not_settled(delivered, backend):
    backend.faults += [BAD_GATEWAY] * 1000

    assert not delivered(0.2)
