"""What travels: job bytes, log chunks, reports, and which state follows which."""

import base64
import gzip
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployr.logchunk import MAX_CHUNK_BYTES, LogChunk
from deployr.states import TRANSITIONS, JobStatus
from deployr.wire import MAX_BODY_BYTES, JobSpec, Report, WireError, decode_base64, encode_base64

SPEC = JobSpec(
    nonce="0123456789", project="blog", repo="git@host:me/blog", branch="main", commit="a" * 40,
    iat=1, exp=2,
)  # fmt: skip


def test_job_bytes_survive_the_way():
    assert SPEC == JobSpec.from_data(SPEC.to_data())


def test_reader_ignores_what_it_does_not_know():
    raw = SPEC.to_bytes()[:-1] + b', "later": 1}'

    assert SPEC == JobSpec.from_bytes(raw)


def test_id_of_the_project_may_be_left_out_but_is_a_number():
    assert b"project_id" not in SPEC.to_bytes()
    told = SPEC.to_bytes()[:-1] + b', "project_id": 7}'
    assert 7 == JobSpec.from_bytes(told).project_id
    for wrong in (b"0", b'"7/../8"', b"true", b"1e30"):
        with pytest.raises(WireError, match="project_id"):
            JobSpec.from_bytes(told.replace(b"7}", wrong + b"}"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 100_000,
        SPEC.to_bytes()[:-1] + b', "repo": "git@host:other/repo"}',
        SPEC.to_bytes().replace(b'"v":1', b'"v":2'),
        SPEC.to_bytes().replace(b"a" * 40, b"HEAD"),
    ],
)
def test_other_bytes_are_a_wire_error(raw):
    with pytest.raises(WireError):
        JobSpec.from_bytes(raw)


@given(st.binary(max_size=100))
def test_base64_of_either_alphabet_is_read(raw):
    """What we write ourselves has no letter that a firewall could take for anything."""
    usual, urlsafe = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()

    assert re.fullmatch(r"[A-Za-z0-9_-]*", encode_base64(raw))
    forms = {encode_base64(raw), usual, usual.rstrip("="), urlsafe, urlsafe.rstrip("=")}
    assert {raw} == {decode_base64(form) for form in forms}


@pytest.mark.parametrize("data", ["é", "a", "ab==cd", "YQ= =", "YQ=", "YQ===", "=", "YWJjY"])
def test_data_must_be_base64(data):
    with pytest.raises(WireError, match="not base64"):
        Report.from_data(data)


@given(st.binary(max_size=MAX_CHUNK_BYTES), st.integers(0, 2**40))
def test_chunk_round_trip(raw, offset):
    chunk = LogChunk.from_bytes(LogChunk.pack(offset, raw).to_bytes())

    assert (offset, raw) == (chunk.off, chunk.unpack())


def test_worst_chunk_fits_into_a_body():
    """What gzip can't shrink still passes a shared host's limit, with its envelope."""
    noise = base64.b85encode(bytes(range(256)) * 400)[:MAX_CHUNK_BYTES]
    worst = LogChunk.pack(0, zlib.compress(noise) + bytes(range(256)) * 100)

    assert len(worst.to_bytes()) < MAX_BODY_BYTES


def test_bomb_is_refused_without_inflating_it():
    bomb = base64.b64encode(gzip.compress(bytes(50_000_000))).decode()
    chunk = LogChunk(off=0, len=MAX_CHUNK_BYTES, crc32="00000000", data=bomb)

    with pytest.raises(WireError, match="length or checksum"):
        chunk.unpack()


@pytest.mark.parametrize(
    "change", [{"len": 4}, {"crc32": "00000000"}, {"data": "AAAA"}, {"data": "?"}]
)
def test_damaged_chunk_is_refused(change):
    chunk = LogChunk.pack(0, b"hello").model_copy(update=change)

    with pytest.raises(WireError):
        chunk.unpack()


def test_final_states_are_final():
    assert all(TRANSITIONS[one] == frozenset() for one in JobStatus if one.is_final)


def test_every_state_can_be_reached_from_pending():
    reached, front = {JobStatus.PENDING}, [JobStatus.PENDING]
    while front:
        new = TRANSITIONS[front.pop()] - reached
        reached |= new
        front += new

    assert set(JobStatus) == reached


def test_lone_surrogate_is_no_text():
    """JSON can say it, no database would store it."""
    with pytest.raises(WireError):
        Report.from_bytes(b'{"detail": "\\ud800"}')
