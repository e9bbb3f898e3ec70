"""Files of a host by SFTP: what each method promises, with the extensions and without."""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from runner.hosts.host import HostError, LostError, Snapshot
from runner.hosts.sftp_files import SftpFiles
from runner.targets.host_lock import Claimant, HostLock, Owner
from runner.transfer.sftp import Sftp


@pytest.fixture(params=["extended", "plain"])
def extensions(request, monkeypatch):
    """What OpenSSH offers, and what the draft knows."""
    if request.param == "plain":
        monkeypatch.setattr(Sftp, "has_posix_rename", False)


@pytest.fixture
def server(server_of):
    return server_of("sftp")


@pytest.fixture
def host(server, host_of):
    return host_of(server)


@pytest.fixture
def files(host, extensions):
    return SftpFiles(host)


@pytest.fixture
def home(server):
    """An empty directory of the account."""
    place = server.home / "place"
    place.mkdir()
    shutil.chown(place, server.user)
    yield place
    shutil.rmtree(place)


def test_what_is_written_is_read_again(files, home):
    path = f"{home}/new/dir/file"
    large = os.urandom(1_234_567)

    files.write(path, large, 0o640)
    assert large == files.read(path)
    files.write(path, b"two", 0o640)

    assert b"two" == files.read(path)
    assert 0o640 == os.stat(path).st_mode & 0o777  # noqa: PTH116 - as all paths here
    assert ["file"] == os.listdir(f"{home}/new/dir")  # noqa: PTH208
    assert None is files.read(f"{home}/none")
    assert None is files.read(f"{home}/new/dir/file/below")


def test_neither_file_nor_link_takes_the_place_of_a_directory(files, home):
    (home / "kept").mkdir()

    with pytest.raises(HostError, match=f"hoster can't rename .*: {home}/kept"):
        files.write(f"{home}/kept", b"file")

    with pytest.raises(HostError):
        files.link("goal", f"{home}/kept")
    assert ["kept"] == [each.name for each in home.iterdir()]


def test_text_is_added_at_the_end(files, home):
    path = f"{home}/dir/log"

    files.append(path, b"one\n")
    files.append(path, b"two\n" * 100_000)

    assert b"one\n" + b"two\n" * 100_000 == files.read(path)
    assert 0o600 == (home / "dir/log").stat().st_mode & 0o777


def test_directories_are_made_side_by_side(files, home):
    files.make_dirs(f"{home}/a/b/c", f"{home}/a/b/d", f"{home}/a", f"{home}/a/b/c")

    assert (home / "a/b/c").is_dir()
    assert (home / "a/b/d").is_dir()
    (home / "file").touch()
    with pytest.raises(HostError, match="can't make the directory"):
        files.make_dirs(f"{home}/file/x")


def test_link_takes_the_place_of_links_and_files(files, home):
    for goal in ("releases/1", "releases/2", "with\nline"):
        files.link(goal, f"{home}/current")
        assert goal == os.readlink(home / "current")  # noqa: PTH115
    (home / "file").touch()
    files.link("goal", f"{home}/file")
    assert "goal" == os.readlink(home / "file")  # noqa: PTH115
    assert ["current", "file"] == sorted(each.name for each in home.iterdir())


def test_rename_replaces_files_but_no_full_directory(files, home, server):
    for name in ("one", "two"):
        (home / name).mkdir()
        (home / name / name).touch()
        shutil.chown(home / name, server.user)
    with pytest.raises(HostError, match="rename"):
        files.rename(f"{home}/one", f"{home}/two")
    assert (home / "one/one").exists()
    assert (home / "two/two").exists()

    (home / "a").write_bytes(b"a")
    (home / "b").write_bytes(b"b")
    files.rename(f"{home}/a", f"{home}/b")
    assert b"a" == (home / "b").read_bytes()
    files.rename(f"{home}/one", f"{home}/three")
    assert (home / "three/one").exists()
    with pytest.raises(HostError, match="No such file"):
        files.rename(f"{home}/none", f"{home}/four")


def test_removal_goes_through_no_link(files, home, server):
    kept = home / "kept"
    kept.mkdir()
    (kept / "file").touch()
    place = home / "gone"
    for name in ("a/b/c/d", "many", "new\nline/-rf", "locked"):
        (place / name).mkdir(parents=True)
    for number in range(700):
        (place / "many" / f"{number}").touch()
    (place / "a/out").symlink_to(kept)
    (home / "link").symlink_to(kept)
    for at, _, _ in os.walk(place):
        shutil.chown(at, server.user)
    (place / "locked" / "in").touch()
    (place / "locked").chmod(0o500)

    files.remove(f"{home}/gone", f"{home}/link", f"{home}/none")

    assert ["kept"] == [each.name for each in home.iterdir()]
    assert (kept / "file").exists()


def test_kinds_are_told(files, home):
    (home / "file").touch()
    (home / "link").symlink_to("nowhere")

    kinds = [files.kind(f"{home}{name}") for name in ("", "/file", "/link", "/none")]

    assert ["dir", "file", "link", "none"] == kinds


def test_snapshot_tells_what_stands_there(files, home, host):
    for name in ("releases/2", "releases/1", "shared/storage", ".deployr/lock"):
        (home / name).mkdir(parents=True)
    (home / "current").symlink_to("releases/2")
    for name, text in {
        "releases/stray": "x",
        "shared/.env": "A=1\n",
        "shared/.env.bak": "",
        "shared/empty": "",
        "shared/storage/key": "k",
        ".deployr/releases.jsonl": "{}\n",
        ".deployr/env": "mark",
        ".deployr/large": "x" * 70_000,
    }.items():
        (home / name).write_text(text)
    files.kind("/")  # connects
    before = host.round_trips

    seen = files.snapshot(str(home), [".env", "empty", "storage", "storage/key", "none"])

    assert seen == Snapshot(
        live="releases/2",
        releases=("1", "2"),
        record="{}\n",
        shared=frozenset({".env", "storage/key"}),
        envs={".env": b"A=1\n", ".env.bak": b""},
        notes={"env": b"mark"},
    )
    assert host.round_trips - before <= 5


def test_missing_root_is_an_empty_snapshot(files, home):
    empty = Snapshot(live=None, releases=(), record="", shared=frozenset(), envs={}, notes={})

    assert empty == files.snapshot(f"{home}/none", [".env"])


def test_refusals_have_the_words_of_the_server(files, home):
    (home / "secret").write_bytes(b"")
    (home / "secret").chmod(0)

    with pytest.raises(HostError, match=f"Permission denied.*{home}/secret"):
        files.read(f"{home}/secret")
    with pytest.raises(HostError, match="Permission denied"):
        files.write("/etc/deployr/x", b"")
    assert "dir" == files.kind(str(home))


def test_broken_line_is_told_and_the_next_call_makes_a_new_one(host, home, server):
    files = SftpFiles(host)
    files.write(f"{home}/file", b"1")
    is_over = threading.Event()

    def keep_cutting():
        while not is_over.wait(0.1):
            server.cut()

    def keep_writing():
        while True:
            files.write(f"{home}/file", b"2" * 10_000_000)

    cutter = threading.Thread(target=keep_cutting)
    cutter.start()
    with pytest.raises(LostError):
        keep_writing()
    is_over.set()
    cutter.join()

    assert files.read(f"{home}/file") in {b"1", b"2" * 10_000_000}


def test_threads_share_it(files, home):
    def rewrite(number):
        for turn in range(10):
            files.write(f"{home}/{number}", b"%d" % turn)
            assert b"%d" % turn == files.read(f"{home}/{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(rewrite, range(4)))


@pytest.mark.usefixtures("extensions")
def test_one_of_many_gets_the_lock(host_of, server, home):
    started = threading.Barrier(4)

    def claim(number):
        claimant = Claimant(
            Owner(runner=f"runner-{number}", job=number), lambda _: False, lambda _: None
        )
        lock = HostLock(SftpFiles(host_of(server)), f"{home}/lock", claimant)
        started.wait()
        return lock._claim()

    with ThreadPoolExecutor(4) as pool:
        assert 1 == sum(pool.map(claim, range(4)))
    assert ["lock"] == [each.name for each in home.iterdir()]
