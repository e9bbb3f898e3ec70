"""Links, pipes and odd modes that builds leave: nothing outside is opened, read or waited for."""

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePath

import pytest

from deployr.detect import package_json
from deployr.plainfile import read_plain
from runner import writable
from runner.accounts import find
from runner.caches.keys import content
from runner.descriptors import copy_below, copy_file, directory, directory_below
from runner.recipes.laravel_facts import FRAMEWORK, MIGRATE, default_health_check, migrate_line
from runner.recipes.nextjs import is_standalone
from runner.targets.links import link_into
from tests.support.unprivileged import as_user

from .apart import BUILDER, OTHER, Server

LARAVEL = {"artisan": "", "composer.json": "{}", ".env": "APP_KEY=x"}


def private_place(server: Server) -> Path:
    """Make a directory of the runner's user with a file in it, as /etc/deployr is one."""
    place = server.places.config.parent / "private"

    def make() -> None:
        place.mkdir(mode=0o700)
        (place / "token").touch(mode=0o600)

    as_user(server.agent, make)
    return place


def is_closed(place: Path) -> bool:
    """Tell whether only its owner may do anything in `place`."""
    said = subprocess.check_output(["getfacl", "-cRnEp", place], text=True)
    return "user:" not in said.replace("user::", "") and 0o700 == stat.S_IMODE(place.stat().st_mode)


@contextmanager
def in_time() -> Iterator[None]:
    """Fail when the block waits for somebody who never comes: after two minutes."""

    def fail(*_: object) -> None:
        raise AssertionError("it waits")

    signal.signal(signal.SIGALRM, fail)
    signal.alarm(120)
    try:
        yield
    finally:
        signal.alarm(0)


def test_link_in_a_shared_directory_opens_nothing_outside(server):
    place = private_place(server)
    shared = {"shared": {"dirs": ["x", "x/y/private"]}}
    plant = f'if [ -d "$DEPLOYR_PATH/shared/x" ]; then ln -sfn {place.parent} '
    plant += '"$DEPLOYR_PATH/shared/x/y"; fi'
    for _ in range(2):
        job = server.deployed({"a": "x"}, build={"commands": [plant]}, deploy=shared)
        assert "completed" == job.status, job.text

    assert place == (server.root / "shared/x/y/private").resolve()
    assert is_closed(place)


def test_directory_that_was_inside_a_shared_one_is_not_made_behind_a_link(server):
    place = private_place(server)
    plant = f'if [ -d "$DEPLOYR_PATH/shared/x" ]; then ln -sfn {place} '
    plant += '"$DEPLOYR_PATH/shared/x/y"; fi'
    jobs = [
        server.deployed(
            {"a": "x"}, build={"commands": [plant]}, deploy={"shared": {"dirs": [name]}}
        )
        for name in ("x", "x/y/new")
    ]

    assert "step link: Not a directory" in str(jobs[1].report.detail)
    assert is_closed(place)
    assert ["token"] == [path.name for path in place.iterdir()]


def test_link_for_a_directory_that_php_writes_in_opens_nothing(server):
    place, common = private_place(server), server.root / "shared"

    def share() -> None:
        common.mkdir(parents=True)
        os.chown(common, -1, find(OTHER).gid)
        common.chmod(0o2755)

    as_user(server.agent, share)
    plant = [f"mkdir -p bootstrap storage; ln -s {place} bootstrap/cache; ln -s {place} storage/x"]
    job = server.deployed(LARAVEL, project={"framework": "laravel"}, build={"commands": plant})

    assert "/bootstrap/cache can be opened to those who write there: Not a directory" in job.text
    assert is_closed(place)
    assert 0o2070 == 0o2070 & (common / "storage").stat().st_mode


def test_first_directory_that_can_not_be_opened_does_not_spare_the_next(tmp_path):
    tried = []

    def opener(fd: int) -> None:
        tried.append(fd)
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "a/b").mkdir(parents=True)

    assert "not permitted" in str(writable.open_up(tmp_path, "a", [opener] * 2))
    assert 4 == len(tried)


def test_name_that_became_a_link_is_not_read(tmp_path):
    """A process that hid from the runner exchanges names while the runner copies."""
    release, goal = tmp_path / "release", tmp_path / "goal"
    for made in (release, goal):
        made.mkdir()
    (tmp_path / "token").touch()
    (release / "file").symlink_to(tmp_path / "token")
    (release / "way").symlink_to(tmp_path)

    with directory_below(release, PurePath()) as source, directory_below(goal, PurePath()) as copy:
        for name in ("file", "way"):
            with pytest.raises(OSError, match="symbolic links"):
                copy_file(name, source, name, copy)
        for name in ("file", "way"):
            with pytest.raises(NotADirectoryError), directory(name, source):
                pass
        copy_below(source, copy)

    assert [tmp_path / "token", tmp_path] == [(goal / name).readlink() for name in ("file", "way")]


def test_seeds_of_builds_do_not_run_as_the_runner(server):
    """A copy belongs to the runner: with the setuid bit everybody would be that."""
    release, shared = server.root / "releases/1", server.root / "shared"

    def seed() -> None:
        for place in (release / "data/deep", shared):
            place.mkdir(parents=True)
        for name in ("data/deep/sh", "run"):
            (release / name).touch()
            (release / name).chmod(0o6755)
        link_into(release, shared, ["data"], ["run"], find(BUILDER))

    as_user(server.agent, seed)

    modes = {oct(stat.S_IMODE((shared / name).stat().st_mode)) for name in ("data/deep/sh", "run")}
    assert {"0o755"} == modes
    assert find(BUILDER).gid == (shared / "data/deep").stat().st_gid


def test_revision_of_a_build_is_not_written_through(server):
    place = private_place(server)
    job = server.deployed(
        LARAVEL,
        project={"framework": "laravel"},
        build={"commands": [f"mkdir -p bootstrap/cache; ln -s {place}/token REVISION"]},
    )

    assert "" == (place / "token").read_text()
    assert "==> link" in job.text


@pytest.mark.parametrize("make", [os.mkfifo, partial(os.symlink, "/dev/zero"), os.mkdir])
def test_what_is_no_file_is_not_read(tmp_path, make):
    command = tmp_path / FRAMEWORK / "Database/Console/Migrations/MigrateCommand.php"
    routes = tmp_path / "bootstrap/cache/routes-v7.php"
    for path in (command, routes, tmp_path / "package.json", tmp_path / "server.js"):
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)

    with in_time():
        assert MIGRATE == migrate_line(tmp_path)
        assert default_health_check(tmp_path, {"APP_URL": "https://shop.example.com"}) is None
        assert {} == package_json(tmp_path)
        assert not is_standalone(tmp_path)
        with pytest.raises(OSError):
            content(tmp_path / "package.json")


def test_file_is_read_up_to_a_limit(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")

    assert b"12345" == read_plain(tmp_path / "file", 5)
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_plain(tmp_path / "file", 4)


def test_pipe_of_a_build_keeps_no_deployment_waiting(server, monkeypatch):
    # The real one may stand where only root may read.
    node = server.repo.parent / "bin" / "node"
    node.parent.mkdir()
    node.write_text("#!/bin/sh\necho v22.0.0\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{node.parent}:{os.environ['PATH']}")
    pipes = "mkfifo package-lock.json server.js"
    with in_time():
        job = server.deployed(
            {"package.json": '{"dependencies": {"next": "1"}}'},
            build={"commands": [f"rm package.json; {pipes} package.json"]},
        )

    assert "completed" == job.status, job.text
