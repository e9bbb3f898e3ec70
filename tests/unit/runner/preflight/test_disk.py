"""Room for a release, on real small file systems."""

import os

from runner.preflight import disk
from runner.preflight.disk import FLOOR, MIB, Room, disk_findings, free, nearest, size_of
from tests.support.small_disk import small_disk


def test_enough_room_is_no_finding(tmp_path):
    assert [] == disk_findings((tmp_path, tmp_path / "not/yet"), (tmp_path,), FLOOR)


def test_too_little_room_is_told_with_both_figures_and_the_place(tmp_path):
    with small_disk(tmp_path / "www", 10 * 1024) as place:
        (found,) = disk_findings((place / "shop", tmp_path), (), FLOOR)

    assert "problem" == found.kind
    assert found.text.startswith(
        f"the disk that holds {place} is too full: 10 MiB are free, about 20 MiB are needed; "
    )


def test_release_like_the_live_one_is_expected(tmp_path):
    """A first build says nothing yet of what it adds; the live release does."""
    with small_disk(tmp_path / "www", 60 * 1024) as place:
        live = place / "live"
        live.mkdir()
        (live / "vendor").write_bytes(b"x" * 32 * MIB)
        (found,) = disk_findings((place,), (tmp_path, live), FLOOR)

    assert "about 33 MiB are needed" in found.text


def test_what_is_removed_before_counts_as_free(tmp_path):
    with small_disk(tmp_path / "www", 30 * 1024) as place:
        old = place / "old"
        old.mkdir()
        (old / "big").write_bytes(b"x" * 15 * MIB)

        assert 1 == len(disk_findings((place,), (), FLOOR))
        assert [] == disk_findings((place,), (), FLOOR, spare=(old,))


def test_inodes_run_out_too(tmp_path):
    with small_disk(tmp_path / "www", 64 * 1024) as place:
        have = free(place).inodes
        (found,) = disk_findings((place,), (), Room(0, have + 1))

    assert f"{have} inodes are free, about {have + 1} are needed" in found.text


def test_nothing_is_measured_where_there_is_plenty(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "PLENTY", Room(1, 1))
    monkeypatch.setattr(disk, "size_of", lambda _: Room(2**60, 0))

    assert [] == disk_findings((tmp_path,), (tmp_path,), FLOOR)


def test_hard_links_take_no_room(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").write_bytes(b"x" * MIB)
    alone = size_of(tmp_path / "a")
    os.link(tmp_path / "a/file", tmp_path / "other")

    assert alone.bytes - size_of(tmp_path / "a").bytes >= MIB
    assert (2, 1) == (alone.inodes, size_of(tmp_path / "a").inodes)


def test_nearest_directory_that_exists(tmp_path):
    (tmp_path / "file").touch()

    assert tmp_path == nearest(tmp_path / "a/b")
    assert tmp_path / "file" == nearest(tmp_path / "file/b")
