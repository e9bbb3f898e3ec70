"""Trees arrive on hosts with a shell exactly as they are, or not at all."""

import os
import shutil
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.hosts import spare
from runner.hosts.host import HostError, LostError
from tests.unit.runner.transfer.trees import DEEP, facts, make_hostile, write


def quiet(*_):
    """Nobody looks how far it is."""


def send(sender, tree, root, release="1", previous=None, progress=quiet, **options):
    sender.send(tree, f"{root}/releases/{release}", previous, progress, **options)
    return root / "releases" / release


def test_hostile_names_arrive_exactly(sender, tree, root):
    make_hostile(tree)
    write(tree, DEEP, b"far down")

    there = send(sender, tree, root)

    assert facts(tree) == facts(there)
    assert [] == list((root / ".deployr").glob("incoming-*"))


def test_what_stayed_is_linked_and_the_release_before_untouched(sender, tree, root, server):
    make_hostile(tree)
    write(tree, "changes", b"old")
    write(tree, "goes", b"soon gone")
    first = send(sender, tree, root)
    before = facts(first)
    sent = []

    write(tree, "changes", b"new!")
    (tree / "goes").unlink()
    write(tree, "comes", b"fresh")
    sender.send(tree, f"{root}/releases/2", str(first), lambda *far: sent.append(far))

    second = root / "releases/2"
    assert facts(tree) == facts(second)
    assert before == facts(first)
    assert first.joinpath("plain.txt").stat().st_ino == second.joinpath("plain.txt").stat().st_ino
    assert (2, len(b"new!fresh")) == (sent[-1][1], sent[-1][3])


def test_directories_keep_their_times(sender, tree, root):
    """Also those that have more files than are verified early, or a sibling `in-between`."""
    for name in ("in/a", "in/b", "in/c", "in/d", "in/sub/e", "in-between", "other/f"):
        write(tree, name, b"content")
    for place in tree.rglob("*/"):
        os.utime(place, (1_000_000_000, 1_000_000_000))

    there = send(sender, tree, root)

    assert facts(tree) == facts(there)


def test_one_command_sends_a_release(sender, tree, root, server, monkeypatch):
    monkeypatch.setattr(spare, "_FRESH_SECONDS", 600.0)
    make_hostile(tree)
    host = sender._host
    host.ask("true")
    before = host.round_trips
    first = send(sender, tree, root)
    assert 1 == host.round_trips - before

    send(sender, tree, root, "2", str(first))
    assert 2 == host.round_trips - before


@pytest.mark.parametrize(
    "change",
    [
        lambda place: place.joinpath("plain.txt").write_bytes(b"edited on the host"),
        lambda place: place.joinpath("plain.txt").unlink(),
        lambda place: place.joinpath("stray").write_bytes(b"made by a hook"),
        lambda place: place.joinpath("bin/tool").chmod(0o600),
        lambda place: shutil.rmtree(place / "in"),
        shutil.rmtree,
    ],
    ids=["edited", "file gone", "stray", "mode", "directory gone", "all gone"],
)
def test_what_was_changed_on_the_host_is_not_taken_over(sender, tree, root, change):
    make_hostile(tree)
    first = send(sender, tree, root)
    change(first)

    second = send(sender, tree, root, "2", str(first))

    assert facts(tree) == facts(second)


def test_kinds_may_change_between_releases(sender, tree, root):
    write(tree, "a/file", b"1")
    write(tree, "b", b"2")
    (tree / "c").symlink_to("b")
    first = send(sender, tree, root)
    shutil.rmtree(tree / "a")
    for name in ("b", "c"):
        (tree / name).unlink()
    write(tree, "a", b"now a file")
    (tree / "b").symlink_to("a")
    write(tree, "c/now/a", b"directory")

    second = send(sender, tree, root, "2", str(first))

    assert facts(tree) == facts(second)
    assert b"1" == (first / "a/file").read_bytes()


@pytest.mark.parametrize(
    ("goal", "is_fine"),
    [
        ("../../outside", False),
        ("/etc/passwd", False),
        ("deeper/../../../x", False),
        ("../plain.txt", True),
        ("../nowhere", True),
    ],
)
def test_links_out_of_the_tree_are_refused_by_name(sender, tree, root, goal, is_fine):
    write(tree, "plain.txt")
    write(tree, "in/file")
    (tree / "in" / "way").symlink_to(goal)
    if is_fine:
        send(sender, tree, root)
        return

    with pytest.raises(HostError, match="in/way"):
        send(sender, tree, root)
    assert [] == list((root / "releases").iterdir())


def test_sockets_are_refused_by_name(sender, tree, root, monkeypatch):
    monkeypatch.chdir(tree)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("phone")

        with pytest.raises(HostError, match="phone"):
            send(sender, tree, root)


def test_cut_line_leaves_no_half_release_and_the_next_try_succeeds(sender, tree, root, server):
    make_hostile(tree)
    write(tree, "big", os.urandom(80_000_000))
    with pytest.raises(LostError):
        send(sender, tree, root, progress=lambda *_: server.cut())
    assert [] == list((root / "releases").iterdir())

    assert facts(tree) == facts(send(sender, tree, root))


def test_place_that_can_not_be_written_is_told(sender, tree, root):
    write(tree, "file")
    shutil.chown(root / "releases", "root")
    shutil.chown(root / ".deployr", "root")

    with pytest.raises(HostError, match="Permission denied"):
        send(sender, tree, root)


@pytest.mark.parametrize("others", [0, 400])
def test_verification_finds_what_a_stranger_changed_in_an_old_release(here, tree, others):
    """With the same size and time: only a hash can tell. Long lists have a quicker way first."""
    root, sender = here
    for number in range(others):
        write(tree, f"other-{number}", b"%d" % number)
    write(tree, "kept", b"abcdef")
    first = send(sender, tree, root)
    seen = (first / "kept").stat()
    (first / "kept").write_bytes(b"abcdeX")
    os.utime(first / "kept", ns=(seen.st_atime_ns, seen.st_mtime_ns))

    assert facts(tree) == facts(send(sender, tree, root, "2", str(first), verify=True))
    assert b"abcdeX" == (send(sender, tree, root, "3", str(first)) / "kept").read_bytes()


names = st.binary(min_size=1, max_size=12).filter(
    lambda name: not {0, 47} & set(name) and name not in (b".", b"..")
)
trees = st.dictionaries(
    st.lists(names, min_size=1, max_size=3).map(b"/".join),
    st.tuples(st.binary(max_size=2000), st.sampled_from([0o644, 0o600, 0o755, 0o444])),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=trees, second=trees, both=trees)
def test_any_tree_follows_any_other(here, tmp_path, first, second, both):
    root, sender = here
    previous = None
    for number, files in enumerate((both | first, both | second)):
        tree = tmp_path / "any"
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir()
        for path, (content, mode) in files.items():
            try:
                write(tree, path, content, mode)
            except (NotADirectoryError, IsADirectoryError, FileExistsError):
                continue  # one name is a file as well as a directory
        goal = root / "releases" / f"{number}"
        shutil.rmtree(goal, ignore_errors=True)
        send(sender, tree, root, str(number), previous)

        assert _times_apart(facts(tree)) == _times_apart(facts(goal))
        previous = str(goal)


def _times_apart(found):
    """What has the same content as before keeps the time that it had."""
    return {path: (each[0], each[1], *each[3:]) for path, each in found.items()}
