"""Logs: appended in order, exactly once, read from any offset."""

import base64
import random

import pytest

from tests.factories import chunk, claim, finish, make_job, make_runner
from tests.support.backend import refusal

CAP = 100_000


@pytest.fixture
def app(make_app):
    return make_app(DEPLOYR_LOG_CAP_BYTES=CAP)


@pytest.fixture
def job(ada, project, runner):
    made = make_job(ada, project)
    claim(runner, made)
    return made


def _send(runner, job, off, raw, status="running", **fields):
    body = {"status": status, "claim_id": "claim-1", "log": chunk(off, raw)} | fields
    return runner.post(f"/api/runner/jobs/{job['id']}/status", body)


def _read(user, job, start):
    log = user.read(f"/api/jobs/{job['id']}", log_from=start)["log"]
    return log | {"data": base64.b64decode(log["data"])}


def test_pieces_join_to_the_text_that_was_sent(ada, runner, job):
    _send(runner, job, 0, "grün\n".encode())
    assert 14 == _send(runner, job, 6, b"\x1b[32mok\n").json["ack"]

    assert "grün\n\x1b[32mok\n" == ada.read(f"/api/jobs/{job['id']}")["logs"]


def test_repeated_piece_is_not_written_twice(ada, runner, job):
    _send(runner, job, 0, b"one\n")
    assert 4 == _send(runner, job, 0, b"one\n").json["ack"]

    assert "one\n" == ada.read(f"/api/jobs/{job['id']}")["logs"]


def test_overlapping_piece_adds_only_what_is_new(ada, runner, job):
    _send(runner, job, 0, b"one\n")
    assert 8 == _send(runner, job, 0, b"one\ntwo\n").json["ack"]

    assert "one\ntwo\n" == ada.read(f"/api/jobs/{job['id']}")["logs"]


def test_gap_is_refused_with_what_is_there(runner, job):
    _send(runner, job, 0, b"one\n")

    answer = _send(runner, job, 8, b"three\n")

    assert (409, "log_gap") == refusal(answer)
    assert 4 == answer.json["ack"]


def test_broken_piece_is_refused(runner, job):
    piece = chunk(0, b"one\n") | {"crc32": "00000000"}

    answer = _send(runner, job, 0, b"", log=piece)

    assert (422, "invalid") == refusal(answer)
    assert [{"field": "log"}] == [{"field": each["field"]} for each in answer.json["errors"]]


def test_log_beyond_the_cap_is_dropped(ada, runner, job):
    raw = random.Random(1).randbytes(60_000)
    assert "log_full" not in _send(runner, job, 0, raw).json

    full = _send(runner, job, 60_000, raw).json
    after = _send(runner, job, 120_000, b"more").json

    assert [(CAP, True)] * 2 == [(each["ack"], each["log_full"]) for each in (full, after)]
    assert raw[:40_000] == _read(ada, job, 60_000)["data"]


def test_full_log_is_complete_at_the_end(ada, runner, job):
    raw = b"x" * 60_000
    _send(runner, job, 0, raw)
    _send(runner, job, 60_000, raw)
    finish(runner, job, log_final_bytes=120_000)

    assert ada.read(f"/api/jobs/{job['id']}")["logs_complete"]


def test_plain_text_is_appended_where_the_log_ends(ada, runner, job):
    path = f"/api/runner/jobs/{job['id']}/status"
    for text in ("one\n", "two\n"):
        runner.write(path, status="running", claim_id="claim-1", logs=text)
    finish(runner, job, logs="Deployment successful!")

    assert "one\ntwo\nDeployment successful!" == ada.read(f"/api/jobs/{job['id']}")["logs"]


def test_repeated_end_does_not_repeat_its_text(ada, runner, job):
    for _ in range(2):
        finish(runner, job, logs="done")

    assert "done" == ada.read(f"/api/jobs/{job['id']}")["logs"]


def test_long_plain_text_is_kept_whole(ada, runner, job):
    text = "0123456789" * 9_000
    finish(runner, job, logs=text)

    assert text == ada.read(f"/api/jobs/{job['id']}")["logs"]


def test_part_starts_at_any_byte(ada, runner, job):
    raw = random.Random(2).randbytes(90_000)
    for off in range(0, len(raw), 30_000):
        _send(runner, job, off, raw[off : off + 30_000])

    for start in (0, 1, 29_999, 30_000, 65_000, 89_999, 90_000):
        assert raw[start:] == _read(ada, job, start)["data"]


def test_part_tells_where_it_starts_and_ends(ada, runner, job):
    _send(runner, job, 0, b"one\ntwo\n")

    assert {"from": 4, "next": 8, "data": b"two\n", "complete": False} == _read(ada, job, 4)
    assert {"from": 8, "next": 8, "data": b"", "complete": False} == _read(ada, job, 99)


def test_log_is_complete_when_the_job_has_ended(ada, runner, job):
    _send(runner, job, 0, b"one\n", status="completed", log_final_bytes=4)

    assert _read(ada, job, 0)["complete"]


def test_end_does_not_wait_for_logs_and_takes_them_later(ada, runner, job):
    early = _send(runner, job, 4, b"two\n", status="completed", log_final_bytes=8)
    assert ("completed", 0) == (early.json["status"], early.json["ack"])
    assert not _read(ada, job, 0)["complete"]

    _send(runner, job, 0, b"one\n", status="completed")
    assert not _read(ada, job, 0)["complete"]
    _send(runner, job, 4, b"two\n", status="running")

    assert {"from": 0, "next": 8, "data": b"one\ntwo\n", "complete": True} == _read(ada, job, 0)


def test_late_log_with_a_gap_is_refused(runner, job):
    finish(runner, job, log_final_bytes=8)

    for status in ("running", "completed"):
        assert (409, "log_gap") == refusal(_send(runner, job, 4, b"two\n", status=status))


def test_an_hour_after_the_end_the_log_is_closed(ada, runner, job, clock):
    finish(runner, job, log_final_bytes=4)
    clock.move(hours=1)

    assert 0 == _send(runner, job, 0, b"one\n", status="completed").json["ack"]
    assert (410, "claim_lost") == refusal(_send(runner, job, 0, b"one\n"))
    assert _read(ada, job, 0)["complete"]


def test_other_claim_can_not_add_to_a_log(ada, runner, job):
    finish(runner, job, log_final_bytes=4)
    other = make_runner(ada)

    assert (409, "not_claimable") == refusal(_send(other, job, 0, b"lies"))
    assert (410, "claim_lost") == refusal(_send(runner, job, 0, b"lies", claim_id="claim-2"))


def test_part_is_bounded(ada, make_app, clock):
    """A long log is read in several requests."""
    app = make_app()
    user = type(ada)(app, ada.token)
    made = make_job(user)
    runner = make_runner(user)
    claim(runner, made)
    for number in range(5):
        _send(runner, made, number * 65_536, b"x" * 65_536)

    first = _read(user, made, 10)
    second = _read(user, made, first["next"])

    assert (262_144, 5 * 65_536) == (len(first["data"]), second["next"])
