"""Trees arrive exactly on hosts that speak SFTP alone, or not at all."""

import os
import resource
import shutil
import threading

import pytest

from runner.hosts.host import HostError, LostError
from runner.transfer.sftp import Sftp
from runner.transfer.sftp_sender import SftpSender
from runner.transfer.tree import scan
from tests.support.sshd import Sshd
from tests.unit.runner.transfer.trees import DEEP, facts, make_hostile, write


@pytest.fixture(scope="module", params=["sftp", "full"])
def server(request):
    with Sshd(request.param) as made:
        yield made


@pytest.fixture
def host(server, host_of):
    return host_of(server)


@pytest.fixture
def sender(host, tmp_path):
    return SftpSender(host, tmp_path / "cache")


@pytest.fixture
def plain(monkeypatch):
    """Servers offer nothing beyond the version."""
    monkeypatch.setattr(Sftp, "has_hard_links", False)
    monkeypatch.setattr(Sftp, "has_posix_rename", False)


def quiet(*_):
    """Nobody looks how far it is."""


def send(sender, tree, root, release="1", previous=None, progress=quiet):
    sender.send(tree, f"{root}/releases/{release}", previous, progress)
    return root / "releases" / release


def test_hostile_names_arrive_exactly(sender, tree, root):
    make_hostile(tree)
    write(tree, DEEP, b"far down")
    write(tree, "large", os.urandom(3_000_001))

    there = send(sender, tree, root)

    assert facts(tree) == facts(there)
    assert tree.stat().st_mode == there.stat().st_mode
    assert [] == list((root / ".deployr").iterdir())


def test_paths_that_are_too_long_for_sftp_are_refused_by_name(sender, tree, root):
    place = tree.joinpath(*["n" * 250] * 15, "m" * 150)
    write(place, "leaf")

    with pytest.raises(HostError, match="too long to be sent by SFTP: 'nnn"):
        send(sender, tree, root, "r" * 240)
    assert [] == list((root / "releases").iterdir())


def test_what_stayed_is_linked_and_the_release_before_untouched(sender, tree, root):
    make_hostile(tree)
    write(tree, "changes", b"old")
    write(tree, "goes", b"soon gone")
    first = send(sender, tree, root)
    before = facts(first)
    sent = []

    write(tree, "changes", b"new!")
    (tree / "goes").unlink()
    write(tree, "comes", b"fresh")
    second = send(sender, tree, root, "2", str(first), lambda *far: sent.append(far))

    assert facts(tree) == facts(second)
    assert before == facts(first)
    assert first.joinpath("plain.txt").stat().st_ino == second.joinpath("plain.txt").stat().st_ino
    assert (2, 2, len(b"new!fresh"), len(b"new!fresh")) == sent[-1]


@pytest.mark.usefixtures("plain")
def test_all_is_sent_again_without_hard_links(sender, tree, root):
    make_hostile(tree)
    first = send(sender, tree, root)
    write(tree, "plain.txt", b"new")

    second = send(sender, tree, root, "2", str(first))

    assert facts(tree) == facts(second)
    assert 1 == (second / "zero").stat().st_nlink


@pytest.mark.parametrize(
    "change",
    [
        lambda place: place.joinpath("plain.txt").write_bytes(b"edited on the host"),
        lambda place: place.joinpath("plain.txt").unlink(),
        lambda place: place.joinpath("stray").write_bytes(b"made by a hook"),
        lambda place: place.joinpath("bin/tool").chmod(0o600),
        lambda place: (place / "zero").unlink() or (place / "zero").symlink_to("plain.txt"),
        lambda place: shutil.rmtree(place / "in"),
        shutil.rmtree,
    ],
    ids=["edited", "file gone", "stray", "mode", "link", "directory gone", "all gone"],
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


def test_release_that_exists_is_left_alone(sender, tree, root):
    there = send(sender, tree, root)
    write(tree, "file")

    with pytest.raises(HostError, match="exists already"):
        send(sender, tree, root)
    assert [] == list(there.iterdir())


def test_cut_line_leaves_no_half_release_and_the_next_try_succeeds(sender, tree, root, server):
    make_hostile(tree)
    write(tree, "big", os.urandom(80_000_000))
    begun = threading.Event()

    def cut_at_once():
        assert begun.wait(60)
        server.cut()

    cut = threading.Thread(target=cut_at_once)
    cut.start()
    with pytest.raises(LostError):
        send(sender, tree, root, progress=lambda *_: begun.set())
    cut.join()
    assert [] == list((root / "releases").iterdir())
    assert ["incoming-1"] == [each.name for each in (root / ".deployr").iterdir()]

    assert facts(tree) == facts(send(sender, tree, root, "2"))
    assert [] == list((root / ".deployr").iterdir())


def test_with_verification_nothing_is_taken_over(sender, tree, root):
    """A stranger changed a file and kept its size and time."""
    write(tree, "kept", b"abcdef")
    first = send(sender, tree, root)
    seen = (first / "kept").stat()
    (first / "kept").write_bytes(b"abcdeX")
    os.utime(first / "kept", ns=(seen.st_atime_ns, seen.st_mtime_ns))

    sender.send(tree, f"{root}/releases/2", str(first), quiet, verify=True)

    assert facts(tree) == facts(root / "releases/2")


def test_nothing_is_left_of_what_could_not_be_sent(sender, tree, root, monkeypatch):
    """A file that grew while it was sent."""
    write(tree, "a/file")
    place = write(tree, "grows", b"x" * 100)
    monkeypatch.setattr(
        "runner.transfer.sftp_sender.scan",
        lambda root: (scan(root), place.write_bytes(b"x" * 200))[0],
    )

    with pytest.raises(HostError, match="'grows' was written to while it was sent"):
        send(sender, tree, root)
    assert [] == [*(root / ".deployr").iterdir(), *(root / "releases").iterdir()]


def test_place_that_can_not_be_written_is_told(sender, tree, root):
    write(tree, "file")
    shutil.chown(root / ".deployr", "root")

    with pytest.raises(HostError, match=r"hoster can't make the directory .*Permission denied"):
        send(sender, tree, root)


def test_many_files_take_few_round_trips(sender, host, tree, root):
    for number in range(800):
        write(tree, f"{number % 40}/{number}", b"%d" % number)

    there = send(sender, tree, root)

    assert facts(tree) == facts(there)
    assert host.round_trips < 40


def test_host_that_lets_few_files_be_open_is_asked_for_fewer(tree, host_of, tmp_path, monkeypatch):
    """Nothing but its refusals tells how many those are, and they look like those of a full disk."""
    monkeypatch.setattr(Sftp, "_limit", lambda *_: None)
    for number in range(300):
        write(tree, f"{number}", b"%d" % number)
    with Sshd("sftp") as server:
        pid = int((server.folder / "sshd.pid").read_text())
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (32, 32))
        releases = server.home / "app"

        there = send(SftpSender(host_of(server), tmp_path / "cache"), tree, releases)

        assert facts(tree) == facts(there)
