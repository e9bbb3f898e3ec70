"""What a host says of a release is taken in up to a limit: it may be broken, or bad."""

import gzip

import pytest

from runner.hosts.host import HostError
from runner.transfer import listing
from runner.transfer.listing import Listing


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(listing, "_MOST_BYTES", 10_000)
    return Listing(b"mark")


def test_listing_without_end_is_refused(small):
    small.take(b"x" * 9000)
    with pytest.raises(HostError, match="without end"):
        small.take(b"x" * 9000)


def test_packed_listing_that_swells_is_no_whole_one(small):
    small.take(b"markz" + gzip.compress(b"x" * 100_000))

    assert small.text() is None


def test_packed_listing_is_read_to_its_end(small):
    small.take(b"noise\nmarkz" + gzip.compress(b"x" * 9000))

    assert b"x" * 9000 == small.text()
