"""A deploy root on a host: what is remembered of it, and what each change costs."""

import pytest

from runner.releases import Record
from runner.targets.host_root import HostRoot
from tests.unit.runner.targets.disk_files import DiskFiles

NAMES = [f"2026010100000{number}-{number}" for number in range(1, 6)]


@pytest.fixture
def files():
    return DiskFiles()


@pytest.fixture
def root(files, tmp_path):
    made = HostRoot(files, str(tmp_path))
    made.prepare()
    return made


def _deploy(root, tmp_path, name, state="good"):
    (tmp_path / "releases" / name).mkdir()
    root.added(name)
    root.activate(f"releases/{name}")
    record = Record(release=name, state=state, job=1, commit="a" * 40, branch="main", at="now")
    root.record(record)


def test_what_is_remembered_is_what_stands_there(root, files, tmp_path):
    for name in NAMES[:2]:
        _deploy(root, tmp_path, name)
    root.write_note("paused", "yes")
    root.write_note("other", "no")
    root.write_note("other", None)
    remembered = root.seen

    assert HostRoot(files, str(tmp_path)).look() == remembered
    assert (NAMES[1], NAMES[:2]) == (root.live_release(), root.present())
    assert ("yes", None) == (root.read_note("paused"), root.read_note("other"))


def test_it_is_looked_at_once(root, files, tmp_path):
    root.look((".env",))
    before = files.calls

    _deploy(root, tmp_path, NAMES[0])
    assert (False, None) == (root.has_shared(".env"), root.read_note("x"))

    assert before + 2 == files.calls


def test_a_shared_file_is_seen_once_it_is_written(root):
    assert not root.has_shared(".env")

    root.write_shared(".env", "A=1\n")

    assert root.has_shared(".env")
    assert {".env": b"A=1\n"} == root.seen.envs


def test_superfluous_releases_are_noted_and_removed_in_one_go(root, files, tmp_path):
    for name in NAMES:
        _deploy(root, tmp_path, name)
    before = files.calls

    pruned = root.prune(keep=2)

    assert (NAMES[:3], []) == (pruned.gone, pruned.stuck)
    assert NAMES[3:] == root.present() == sorted(p.name for p in tmp_path.glob("releases/*"))
    assert {"pruned"} == {root.records()[name].state for name in NAMES[:3]}
    assert before + 4 == files.calls


def test_a_torn_line_does_not_swallow_the_next_record(root, tmp_path):
    (tmp_path / ".deployr/releases.jsonl").write_text('{"release": "2026')

    _deploy(root, tmp_path, NAMES[0])

    assert [NAMES[0]] == list(root.records())


def test_what_is_live_is_asked_again_after_a_failed_switch(root, files, tmp_path):
    _deploy(root, tmp_path, NAMES[0])
    (tmp_path / "current.new").mkdir()  # in the way of the new link

    with pytest.raises(OSError, match="current"):
        root.activate(f"releases/{NAMES[1]}")

    before = files.calls
    assert NAMES[0] == root.live_release()
    assert before + 1 == files.calls
