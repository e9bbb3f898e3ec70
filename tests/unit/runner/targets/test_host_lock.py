"""The lock of a deploy root on a host, between owners that see nothing of each other but files."""

from pathlib import Path

import pytest

from runner.hosts.host import HostError
from runner.targets import host_lock
from runner.targets.host_lock import Claimant, HostLock, Owner
from tests.unit.runner.targets.disk_files import DiskFiles


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(host_lock, "REFRESH_SECONDS", 0.05)
    monkeypatch.setattr(host_lock, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(host_lock, "DEAD_SECONDS", 600.0)


@pytest.fixture
def lock_of(tmp_path):
    made = []

    def make(job, is_over=lambda _: False):
        owner = Owner(runner="here", job=job)
        claimant = Claimant(owner, is_over, end=lambda _: None)
        made.append(HostLock(DiskFiles(), f"{tmp_path}/meta/held", claimant))
        return made[-1]

    yield make
    for lock in made:
        lock.release()


def _die(lock):
    """End its refreshing as the death of its process does, and leave the files."""
    lock._ended.set()
    lock._refresher.join()
    lock._refresher = None


def test_who_lives_keeps_others_out(lock_of):
    first, second = lock_of(1), lock_of(2)

    assert (True, False) == (first.take(), second.take())
    assert (True, False) == (first.is_held, second.is_held)


def test_who_lets_go_lets_others_in(lock_of, tmp_path):
    first, second = lock_of(1), lock_of(2)
    assert first.take()

    first.release()

    assert second.take()
    assert [tmp_path / "meta/held"] == list((tmp_path / "meta").iterdir())


def test_who_was_silent_for_long_is_dead(lock_of, tmp_path, monkeypatch):
    monkeypatch.setattr(host_lock, "DEAD_SECONDS", 0.5)
    first, second = lock_of(1), lock_of(2)
    assert first.take()
    _die(first)

    assert second.take()
    assert [tmp_path / "meta/held"] == list((tmp_path / "meta").iterdir())


def test_who_is_known_to_be_over_is_not_waited_for(lock_of):
    first, second = lock_of(1), lock_of(2, is_over=lambda owner: owner.job == 1)
    assert first.take()
    _die(first)

    assert second.take()


def test_dead_owners_lock_that_was_moved_before_the_line_broke_is_taken_over(lock_of, monkeypatch):
    first, second = lock_of(1), lock_of(2, is_over=lambda _: True)
    assert first.take()
    _die(first)
    rename = DiskFiles.rename

    def cut(files, old, new):
        rename(files, old, new)
        if ".old-" in new:
            raise HostError("no such file")

    monkeypatch.setattr(DiskFiles, "rename", cut)

    assert second.take()
    monkeypatch.undo()


def test_who_lost_it_knows_and_leaves_it(lock_of, monkeypatch):
    monkeypatch.setattr(host_lock, "REFRESH_SECONDS", 0.5)  # not while it is taken from him
    first, second = lock_of(1), lock_of(2, is_over=lambda _: True)
    assert first.take()
    assert second.take()

    first._refresher.join(60)

    assert (False, True) == (first.is_held, second.is_held)
    first.release()
    assert not lock_of(3).take()


def test_who_lost_it_must_not_switch(lock_of, monkeypatch):
    monkeypatch.setattr(host_lock, "REFRESH_SECONDS", 600.0)
    first, second = lock_of(1), lock_of(2, is_over=lambda _: True)
    assert first.take()
    first.assure()
    assert second.take()

    with pytest.raises(HostError, match="another deployment took over"):
        first.assure()
    second.assure()


def test_who_claims_it_while_it_is_given_back_keeps_it(lock_of, monkeypatch):
    """A directory that is emptied is anybody's before it is removed."""
    first, second = lock_of(1), lock_of(2)
    assert first.take()
    remove = DiskFiles.remove

    def slowly(files, path):
        (Path(path) / "owner").unlink()
        monkeypatch.setattr(DiskFiles, "remove", remove)
        assert second.take()
        remove(files, path)

    monkeypatch.setattr(DiskFiles, "remove", slowly)
    first.release()

    assert not lock_of(3).take()


def test_a_place_that_can_not_be_had_is_told(lock_of, tmp_path):
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/held").write_text("a file of somebody")

    with pytest.raises((HostError, NotADirectoryError)):
        lock_of(1).take()
