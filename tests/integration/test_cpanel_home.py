"""The application root of an account: releases, and the link that says which one is live."""

import threading
from pathlib import Path

import pytest

from tools.cpanel.home import Home


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
        seen = set()
        for _ in range(500):
            live = (home.path / "current").resolve(strict=True)
            assert (live / "passenger_wsgi.py").exists()
            seen.add(live.name)
            assert (home.path / "passenger_wsgi.py").read_text() in whole
    finally:
        end.set()
        switcher.join()
    assert len(seen) > 1


def test_newest_releases_and_the_live_one_stay(home):
    home.prune(2)

    left = sorted(path.name for path in home.path.glob("releases/2*"))
    assert ["20260100-abc", "20260103-abc", "20260104-abc"] == left
    assert "20260100-abc" == home.live()


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
