"""What is kept between deployments: whole, unchanged, and not more than allowed."""

import os
import threading
from pathlib import Path

import pytest

from deployr.states import Reason
from runner.caches.copying import Links, Shape
from runner.caches.entry import Slot
from runner.caches.store import Found, Store
from runner.errors import JobFailedError
from runner.stop import StopFlag
from tests.support.small_disk import small_disk

from .caching import MIB, Server, contents, write

SLOT = Slot("shop", "production", "things")
LINKED = Shape(links=Links.ALWAYS)
COPIED = Shape(links=Links.NEVER)
FILES = {"a/one": "1", "a/b/two": "2", "top": "3"}


@pytest.fixture
def server(tmp_path):
    with StopFlag() as stop:
        yield Server(tmp_path, stop)


@pytest.fixture
def kept(server: Server) -> Server:
    """A server that has kept FILES under the key "k"."""
    server.store.keep(SLOT, "k", server.checkout(FILES), LINKED, may_link=True)
    return server


def place(server: Server, slot: Slot = SLOT) -> Path:
    return server.base / "caches" / slot.project / slot.environment / slot.name


def test_what_was_kept_comes_back(kept, tmp_path):
    assert Found.SAME is kept.store.restore(SLOT, "k", tmp_path / "new", LINKED)
    assert contents(tmp_path / "tree-1") == contents(tmp_path / "new")
    assert ["things: reused, 3 files, 0.0 MiB"] == kept.said


def test_files_are_hard_links_but_those_at_the_top_and_named_ones_are_copies(kept, tmp_path):
    kept.store.restore(SLOT, "k", tmp_path / "links", LINKED)
    kept.store.restore(SLOT, "k", tmp_path / "own", Shape(links=Links.ALWAYS, own=("a",)))

    inodes = {
        name: {(tmp_path / where / name).stat().st_ino for where in ("tree-1", "links", "own")}
        for name in FILES
    }
    assert {"a/one": 2, "a/b/two": 2, "top": 3} == {name: len(n) for name, n in inodes.items()}


def test_symbolic_links_come_back_as_they_are(server, tmp_path):
    tree = server.checkout(FILES)
    (tree / "a/link").symlink_to("../top")
    (tree / "dangling").symlink_to("/nowhere")
    server.store.keep(SLOT, "k", tree, LINKED, may_link=True)
    server.store.restore(SLOT, "k", tmp_path / "new", LINKED)

    found = [(tmp_path / "new" / name).readlink() for name in ("a/link", "dangling")]
    assert [Path("../top"), Path("/nowhere")] == found


def test_another_key_brings_nothing_and_drops_nothing(kept, tmp_path):
    assert Found.OTHER is kept.store.restore(SLOT, "other", tmp_path / "new", LINKED)
    assert not (tmp_path / "new").exists()
    assert place(kept).is_dir()


@pytest.mark.parametrize("change", ["content", "time", "gone", "more", "mode"])
def test_changed_entry_is_dropped(kept, tmp_path, change):
    file = place(kept) / "files/a/one"
    if change == "content":
        file.write_text("2")
    elif change == "time":
        os.utime(file, (1, 1))
    elif change == "gone":
        file.unlink()
    elif change == "more":
        file.with_name("three").touch()
    else:
        file.chmod(0o700)

    assert Found.ALTERED is kept.store.restore(SLOT, "k", tmp_path / "new", LINKED)
    assert not (tmp_path / "new").exists()
    assert [] == kept.entries
    assert ["things: the kept files have changed since; dropped"] == kept.said


def test_entry_with_an_unreadable_note_is_no_use_and_goes(kept, tmp_path):
    (place(kept) / "note.json").write_text('{"key": "k"')
    assert Found.OTHER is kept.store.restore(SLOT, "k", tmp_path / "new", LINKED)

    other = Slot("shop", "production", "others")
    kept.store.keep(other, "k", kept.checkout(FILES), COPIED, may_link=False)
    assert ["shop/production/others"] == kept.entries


def test_leftovers_of_a_crash_go_with_the_next_entry(kept, tmp_path):
    write(tmp_path / "caches" / ".0123456789abcdef", FILES)
    kept.store.keep(SLOT, "k2", kept.checkout(FILES), LINKED, may_link=True)

    assert ["shop"] == [path.name for path in (tmp_path / "caches").iterdir()]


def test_least_recently_used_entry_makes_room(server, tmp_path):
    server.limit = 3 * MIB
    slots = [Slot("shop", name, "things") for name in ("one", "two", "three")]
    for age, slot in zip((300, 200, 100), slots, strict=True):
        server.store.keep(slot, "k", server.checkout({"a/x": "x" * MIB}), LINKED, may_link=True)
        os.utime(place(server, slot) / "note.json", (age, age))
    server.store.restore(slots[0], "k", tmp_path / "new", LINKED)
    os.utime(place(server, slots[2]) / "note.json", (1, 1))

    last = Slot("shop", "four", "things")
    server.store.keep(last, "k", server.checkout({"a/x": "x" * MIB}), LINKED, may_link=True)
    assert ["shop/four/things", "shop/one/things", "shop/two/things"] == server.entries


def test_entry_that_another_job_reads_is_not_taken_away(kept, tmp_path):
    kept.limit = 1
    other = Slot("shop", "staging", "things")
    holding = kept.store._held(kept.store._entry(SLOT))
    with holding:
        kept.store.keep(other, "k", kept.checkout({"a": "1"}), LINKED, may_link=True)
        assert place(kept).is_dir()

    kept.store.keep(other, "k", kept.checkout({"a": "1"}), LINKED, may_link=True)
    assert ["shop/staging/things"] == kept.entries


def test_what_is_larger_than_everything_may_be_is_not_kept(server):
    server.limit = 2
    server.store.keep(SLOT, "k", server.checkout(FILES), LINKED, may_link=True)

    assert [] == server.entries
    assert ["things: not kept for later, larger than all may be (0 MiB)"] == server.said


def test_two_jobs_that_keep_and_restore_at_once_never_see_a_part(kept, tmp_path):
    tree = kept.checkout({f"d/{number}": "x" for number in range(50)} | {"d/sum": "50"})
    found: list[int] = []

    def keep() -> None:
        for _ in range(5):
            kept.store.keep(SLOT, "k", tree, LINKED, may_link=True)

    worker = threading.Thread(target=keep)
    worker.start()
    for number in range(10):
        target = tmp_path / f"new-{number}"
        if kept.store.restore(SLOT, "k", target, COPIED) is Found.SAME:
            found.append(len(contents(target)))
    worker.join()
    assert {3, 51} >= set(found)


def test_other_file_system_gets_copies(kept, tmp_path):
    with small_disk(tmp_path / "disk", 1024) as disk:
        assert Found.SAME is kept.store.restore(SLOT, "k", disk / "new", LINKED)
        assert contents(tmp_path / "tree-1") == contents(disk / "new")


def test_full_disk_leaves_neither_a_part_nor_a_failure(server, tmp_path):
    tree = server.checkout({"a/x": "x" * MIB, "a/y": "y" * MIB})
    server.store.keep(SLOT, "k", tree, LINKED, may_link=True)
    with small_disk(tmp_path / "disk", 1500) as disk:
        assert Found.OTHER is server.store.restore(SLOT, "k", disk / "new", LINKED)
        assert [] == list(disk.iterdir())

        elsewhere = Store(
            root=disk / "caches", limit=10 * MIB, shell=server.shell, say=server.said.append
        )
        elsewhere.keep(SLOT, "k", tree, LINKED, may_link=True)
        assert [] == list((disk / "caches").iterdir())
    taken, kept = server.said
    assert taken.startswith("warning: things can't be taken from the cache: cp: error writing")
    assert kept.startswith("warning: things can't be kept for later: cp: error writing")
    assert taken.endswith("No space left on device")


def test_stopped_job_keeps_nothing(server):
    tree = server.checkout(FILES)
    server.stop.set(Reason.RUNNER_STOPPED)
    with pytest.raises(JobFailedError):
        server.store.keep(SLOT, "k", tree, LINKED, may_link=True)
    assert [] == server.entries
