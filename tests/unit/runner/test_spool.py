"""The log on disk: head and tail are kept, and a disk that is full takes nothing else with it."""

import resource

import pytest

from runner.spool import TAIL_BYTES, Spool
from tests.support.small_disk import small_disk

CAP = 1024 * 1024


@pytest.fixture
def spool(tmp_path):
    """An empty spool for logs of 1 MiB."""
    found = Spool(tmp_path / "log", CAP)
    yield found
    found.close()


def whole(spool: Spool) -> bytes:
    pieces, offset = [], 0
    while piece := spool.chunk(offset, 10_000):
        pieces.append(piece)
        offset += len(piece)
    assert offset == spool.size
    return b"".join(pieces)


def lines(start: int, end: int) -> bytes:
    """Lines of 8 bytes."""
    return b"".join(b"%07d\n" % number for number in range(start, end))


def test_what_is_appended_is_on_disk_and_can_be_read_from_anywhere(spool, tmp_path):
    spool.append(b"one\n")
    spool.append(b"two\n")

    assert b"one\ntwo\n" == (tmp_path / "log").read_bytes()
    assert (b"e\nt", 8) == (spool.chunk(2, 3), spool.size)
    assert b"" == spool.chunk(8, 10)
    assert 0o600 == (tmp_path / "log").stat().st_mode & 0o777


def test_spool_of_a_dead_runner_goes_on_where_it_ended(spool, tmp_path):
    spool.append(b"one\n")
    other = Spool(tmp_path / "log", CAP)
    other.append(b"two\n")

    assert b"one\ntwo\n" == whole(other)
    other.close()


def test_log_within_its_cap_is_whole(spool):
    text = lines(0, CAP // 8 - 1000)
    for start in range(0, len(text), 50_000):
        spool.append(text[start : start + 50_000])
    spool.finish()

    assert text == whole(spool)


@pytest.mark.parametrize("piece", [8, 4096, 70_000, 3_000_000])
def test_of_a_longer_log_head_and_tail_are_kept_with_one_line_between(spool, piece):
    text = lines(0, 3 * CAP // 8)
    for start in range(0, len(text), piece):
        spool.append(text[start : start + piece])
    spool.append(b"the end\n")
    spool.finish()

    kept = whole(spool)
    (marker,) = [line for line in kept.splitlines() if line.startswith(b"[")]
    head, _, tail = kept.partition(marker + b"\n")
    left_out = len(text) + 8 - len(head) - len(tail)
    assert f"[{left_out} bytes of the log are left out here]".encode() == marker
    assert text.startswith(head)
    assert (text + b"the end\n").endswith(tail)
    assert CAP - TAIL_BYTES - 200 < len(head)
    assert TAIL_BYTES - 100 < len(tail) <= TAIL_BYTES
    assert len(kept) <= CAP


def test_tail_of_one_endless_line_begins_with_a_whole_character(spool):
    for _ in range(2 * CAP // 3_000):
        spool.append("€".encode() * 1000)
    spool.finish()

    whole(spool).decode()
    assert spool.size <= CAP


def test_smaller_cap_of_the_backend_counts(spool):
    spool.limit(1024)
    spool.append(lines(0, 1000))
    spool.finish()

    assert spool.size <= 1024
    assert whole(spool).endswith(b"0000999\n")


@pytest.fixture
def small(tmp_path):
    """A file system of 64 KiB."""
    with small_disk(tmp_path / "disk", 64) as place:
        yield place


def test_full_disk_is_told_once_and_the_end_of_the_log_is_kept_in_memory(small):
    spool, told = Spool(small / "log", CAP), list[str]()
    spool.on_problem = told.append
    for start in range(0, 60_000, 1000):
        spool.append(lines(start, start + 1000))
    spool.append(b"failed\n")
    spool.finish()

    assert ["the runner's disk is full: No space left on device"] == told
    assert spool.problem == told[0]
    kept = whole(spool)
    assert kept.startswith(b"0000000\n")
    assert b"bytes of the log are left out here]\n" in kept
    assert kept.endswith(b"0059999\nfailed\n")
    spool.close()


def test_file_size_limit_is_as_a_full_disk(spool):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        spool.append(lines(0, 1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    spool.finish()

    assert "the runner's disk is full: File too large" == spool.problem
    assert lines(0, 1000) == whole(spool)


def test_directory_that_is_missing_costs_no_more_than_the_middle_of_the_log(tmp_path):
    spool = Spool(tmp_path / "gone" / "log", CAP)
    spool.append(b"one\n")
    spool.finish()

    assert "can't write its own files: No such file" in (spool.problem or "")
    assert b"one\n" == whole(spool)


def test_no_room_beside_other_logs_is_as_a_full_disk(spool):
    spool.room = lambda: 10
    spool.append(b"one\n")
    assert spool.problem is None
    spool.append(b"more than that\n")

    assert "may not grow any more" in (spool.problem or "")
