"""The look before any work, in whole jobs: all at once, no change, no false alarm."""

import json

import pytest

from runner.preflight import disk
from runner.preflight.disk import Room


def test_all_problems_are_told_at_once_and_nothing_has_changed(site):
    site.root.mkdir(parents=True)
    site.current.mkdir()
    package = {"engines": {"node": "^1"}, "dependencies": {"next": "1"}}
    manifest = {"deploy": {"shared": {"files": ["keys/api.pem"]}}}
    site.commit({"package.json": json.dumps(package), "deploy.yaml": json.dumps(manifest)})

    job = site.push()

    said = job.report.detail.splitlines()
    assert "preflight_failed" == job.reason
    for part in (
        "`deployr-runner adopt shop` takes it over",
        "package-lock.json is missing",
        "package.json asks for ^1",
        "keys/api.pem is missing",
    ):
        assert 1 == sum(part in line for line in said), part
    assert 4 == len(said)
    assert ["current"] == [path.name for path in site.root.iterdir()]


def test_disk_that_is_too_full_is_refused_before_the_build(site, monkeypatch):
    monkeypatch.setattr(disk, "free", lambda _: Room(disk.MIB, 10**6))
    site.commit({"index.html": "x", "deploy.yaml": "build: {commands: [echo hi]}"})

    job = site.push()

    assert "preflight_failed" == job.reason
    assert "is too full: 1 MiB are free, about 20 MiB are needed" in job.report.detail
    assert "$ echo hi" not in job.text


def test_old_releases_that_go_anyway_make_room(site, monkeypatch):
    """Else a full disk would be full for ever."""
    keep = json.dumps({"deploy": {"keep_releases": 1}})
    for word in ("one", "two"):
        site.commit({"index.html": word, "deploy.yaml": keep})
        assert "completed" == site.push().status
    (site.root / "releases/20200101000000-9").mkdir()
    (site.root / "releases/20200101000000-9/big").write_bytes(b"x" * 2 * disk.MIB)
    monkeypatch.setattr(disk, "free", lambda _: Room(disk.FLOOR.bytes - disk.MIB, 10**6))
    site.commit({"index.html": "three"})

    job = site.push()

    assert "completed" == job.status, job.report.detail


@pytest.mark.parametrize("action", ["plan", "deploy"])
def test_warnings_stand_in_the_log_and_nothing_more_comes_of_them(site, action):
    site.root.mkdir(parents=True)
    (site.root / "old.html").touch()
    site.commit({"index.html": "x"})

    job = site.push(action=action)

    assert "completed" == job.status
    assert f"warning: {site.root} holds files of another deployment" in job.text
    assert (site.root / "old.html").exists()
    assert (action == "deploy") == site.current.exists()


def test_secrets_that_a_killed_writer_left_are_removed(site):
    site.env_file("A=long-enough\n")
    shared = json.dumps({"deploy": {"shared": {"files": [".env"]}}})
    site.commit({"deploy.yaml": shared})
    left = site.root / "shared/..env.0123456789abcdef"
    left.parent.mkdir(parents=True)
    left.write_text("A=secret\n")
    (left.parent / "..env.mine").write_text("")

    assert "completed" == site.push().status
    assert ["..env.mine", ".env"] == sorted(path.name for path in left.parent.iterdir())


def test_env_file_of_no_bytes_is_no_env_file(site):
    """What an editor or a full disk left; the app would start without its secrets."""
    shared = json.dumps({"deploy": {"shared": {"files": [".env"]}}})
    site.commit({"deploy.yaml": shared})
    empty = site.root / "shared/.env"
    empty.parent.mkdir(parents=True)
    empty.touch()

    job = site.push()

    assert "preflight_failed" == job.reason
    assert f"write it to {site.places.env_file('shop', 'production')}" in job.report.detail
    assert not site.current.exists()
