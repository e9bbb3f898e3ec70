"""The application root of an account: releases, and the link that says which one is live."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.small_disk import small_disk
from tests.support.unprivileged import NOBODY, as_nobody, open_directory
from tools.cpanel.home import Home

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path):
    """Five releases; the oldest one is live."""
    tmp_path.joinpath(".env").touch(mode=0o600)
    made = Home(tmp_path)
    made.prepare()
    for number in range(5):
        release = tmp_path / "releases" / f"2026010{number}-abc"
        release.mkdir()
        (release / "passenger_wsgi.py").write_text(f"# {number}\n" * 10_000)
    made.switch("20260100-abc", "/usr/bin/python3")
    return made


def test_whoever_starts_during_a_switch_finds_a_whole_release(home):
    """An entry of one release or the other, and always a live one."""
    whole = {each.read_text() for each in home.path.glob("releases/*/passenger_wsgi.py")}
    end = threading.Event()

    def switch():
        number = 0
        while not end.is_set():
            number += 1
            home.switch(f"2026010{number % 5}-abc", "/usr/bin/python3")

    switcher = threading.Thread(target=switch)
    switcher.start()
    try:
        seen: set[str] = set()
        looks, until = 0, time.monotonic() + 60
        while looks < 500 or (len(seen) < 2 and time.monotonic() < until):
            looks += 1
            live = (home.path / "current").resolve(strict=True)
            assert (live / "passenger_wsgi.py").exists()
            seen.add(live.name)
            assert (home.path / "passenger_wsgi.py").read_text() in whole
    finally:
        end.set()
        switcher.join()
    assert len(seen) > 1


SWITCH = """
import itertools, sys
from pathlib import Path
from tools.cpanel.home import Home
print("ready", flush=True)
for number in itertools.count():
    Home(Path(sys.argv[1])).switch(f"2026010{number % 5}-abc", "/usr/bin/python3")
"""


def test_switch_that_is_killed_leaves_a_whole_release(home):
    """And the next one is not held up by what it left."""
    whole = {each.read_text() for each in home.path.glob("releases/*/passenger_wsgi.py")}
    for number in range(8):
        argv = [sys.executable, "-c", SWITCH, str(home.path)]
        with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as killed:
            assert killed.stdout
            assert b"ready\n" == killed.stdout.readline()
            time.sleep(0.003 * number)
            killed.kill()

        assert (home.path / "current" / "passenger_wsgi.py").exists()
        assert (home.path / "passenger_wsgi.py").read_text() in whole
    home.switch("20260103-abc", "/usr/bin/python3")
    assert "20260103-abc" == home.live()
    assert [] == [path.name for path in home.path.rglob(".*.new")]


FEW = shutil.ignore_patterns("*[234]-abc")


def test_full_disk_switches_nothing(home, tmp_path_factory):
    with small_disk(tmp_path_factory.mktemp("disk"), 256) as disk:
        copy = Home(shutil.copytree(home.path, disk / "deployr", symlinks=True, ignore=FEW))
        with contextlib.suppress(OSError), (disk / "rest").open("wb", buffering=0) as rest:
            while True:
                rest.write(b"x" * 1024)

        with pytest.raises(OSError, match="No space left"):
            copy.switch("20260101-abc", "/usr/bin/python3")

        assert "20260100-abc" == copy.live()
        assert "# 0" == (copy.path / "passenger_wsgi.py").read_text()[:3]


def test_restart_file_of_somebody_else_is_no_hindrance(home):
    """As one that the host's support has made, as root."""
    with open_directory() as folder:
        account = Home(shutil.copytree(home.path, folder / "deployr", symlinks=True, ignore=FEW))
        for path in (account.path, *account.path.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        theirs = account.path / "tmp" / "restart.txt"
        os.chown(theirs, 0, 0)

        as_nobody(lambda: account.switch("20260101-abc", "/usr/bin/python3"))

        assert NOBODY == theirs.stat().st_uid


def test_newest_releases_the_live_one_and_the_one_before_stay(home):
    home.switch("20260101-abc", "/usr/bin/python3")
    home.prune(2, "20260100-abc")

    left = sorted(path.name for path in home.path.glob("releases/2*"))
    assert [f"2026010{number}-abc" for number in (0, 1, 3, 4)] == left
    assert "20260101-abc" == home.live()


def test_stub_of_the_host_is_replaced(home):
    """Also one that is a link: what it leads to is not ours to write."""
    elsewhere = home.path / "stub.py"
    elsewhere.write_text("It works!")
    entry = home.path / "passenger_wsgi.py"
    entry.unlink()
    entry.symlink_to(elsewhere)

    home.switch("20260101-abc", "/usr/bin/python3")

    assert "# 1\n" == Path(entry).read_text()[:4]
    assert not entry.is_symlink()
    assert "It works!" == elsewhere.read_text()


@pytest.mark.parametrize(
    ("written", "has"),
    [
        ("DEPLOYR_S3_BUCKET=logs", True),
        ("\ufeffDEPLOYR_S3_BUCKET=logs", True),
        ("DEPLOYR_LOG_STORE=db\nexport DEPLOYR_S3_BUCKET = 'logs'", True),
        ("DEPLOYR_S3_BUCKET=\nDEPLOYR_LOG_STORE=db", False),
        ("# DEPLOYR_S3_BUCKET=logs", False),
        ("", False),
    ],
    ids=["plain", "bom", "earlier", "empty", "comment", "none"],
)
def test_bucket_is_seen_before_any_package_is_there(home, monkeypatch, written, has):
    monkeypatch.delenv("DEPLOYR_S3_BUCKET", raising=False)
    (home.path / ".env").write_text(written, encoding="utf-8")

    assert has == home.has_bucket()
