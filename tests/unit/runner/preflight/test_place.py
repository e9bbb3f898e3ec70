"""Deploy roots that are not as they should be, as an unprivileged user meets them."""

import os
import subprocess

import pytest

from runner.preflight import problems_of, warnings_of
from runner.preflight.place import (
    lost_findings,
    place_findings,
    shared_findings,
    stuck_findings,
)
from runner.writable import User
from tests.support.small_disk import small_disk
from tests.support.unprivileged import NOBODY, as_nobody, open_directory

ADOPT = "deployr-runner adopt shop"


@pytest.fixture
def base():
    """A directory of the user nobody."""
    with open_directory() as place:
        yield place


def test_empty_or_missing_root_is_fine_and_stays_so(base):
    def judge() -> None:
        assert [] == place_findings(base / "www/shop", ADOPT)
        assert [] == place_findings(base, ADOPT)

    as_nobody(judge)
    assert [] == list(base.iterdir())


def test_directories_of_others_are_named_with_the_command_that_helps(base):
    """All of them at once."""
    for name in ("shop/shared", "shop/.deployr"):
        (base / name).mkdir(parents=True)
    os.chown(base / "shop", NOBODY, NOBODY)

    def judge() -> None:
        found = problems_of(place_findings(base / "shop", ADOPT))
        assert [
            f"{base}/shop/{name} can't be written by nobody: sudo chown nobody {base}/shop/{name}"
            for name in ("shared", ".deployr")
        ] == found

    as_nobody(judge)


def test_root_that_may_not_be_made_or_looked_into(base):
    (base / "locked").mkdir(mode=0o700)

    def judge() -> None:
        (found,) = problems_of(place_findings(base / "locked/shop", ADOPT))
        assert f"{base}/locked can't be" in found or "sudo install -d -o nobody" in found

    as_nobody(judge)


def test_file_on_the_way_is_named(base):
    (base / "www").touch()

    assert [f"{base}/www is no directory: move it away"] == problems_of(
        place_findings(base / "www/shop", ADOPT)
    )


def test_read_only_file_system_is_told_as_such(base):
    with small_disk(base / "www", 64) as place:
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        (found,) = problems_of(place_findings(place, ADOPT))

    assert f"{place} is on a file system that is mounted read-only: mount it anew" == found


def test_current_that_is_a_directory_is_to_be_adopted(base):
    (base / "current").mkdir()

    (said,) = problems_of(place_findings(base, ADOPT))
    assert f"{base}/current is a directory and not a link to a release: `{ADOPT}` takes it" in said


@pytest.mark.parametrize("target", ["/usr", "../elsewhere", "releases/gone"])
def test_current_that_points_elsewhere_is_a_warning(base, target):
    (base / "current").symlink_to(target)

    assert [] == problems_of(place_findings(base, ADOPT))
    (said,) = warnings_of(place_findings(base, ADOPT))
    assert f"{base}/current points to /" in said
    assert "replaced" in said


def test_current_of_a_release_is_fine_also_by_an_absolute_link(base):
    (base / "releases/20200101000000-1").mkdir(parents=True)
    (base / "current").symlink_to(base / "releases/20200101000000-1")

    assert [] == place_findings(base, ADOPT)


@pytest.mark.parametrize("name", ["index.html", "index.php", "artisan", "package.json", "public/x"])
def test_app_in_the_root_itself_is_a_problem_until_there_is_a_release(base, name):
    (base / name).parent.mkdir(exist_ok=True)
    (base / name).touch()

    (said,) = problems_of(place_findings(base, ADOPT))
    top = base / name.partition("/")[0]
    assert f"{base} holds an app of its own ({top}): run `{ADOPT}` first" in said
    (base / "releases/1").mkdir(parents=True)
    (base / "current").symlink_to("releases/1")
    assert [] == place_findings(base, ADOPT)


def test_files_of_hosts_and_web_servers_are_a_warning_only(base):
    for name in ("lost+found", ".well-known", "public", "cgi-bin"):
        (base / name).mkdir()
    for name in ("router.php", "ecosystem.config.js", ".htaccess"):
        (base / name).touch()

    assert [] == problems_of(place_findings(base, ADOPT))
    (said,) = warnings_of(place_findings(base, ADOPT))
    assert f"{base} holds files of another deployment ({base}/.htaccess, " in said
    assert said.endswith(f"`{ADOPT}` takes them over")


def test_links_into_shared_that_the_next_release_lacks_are_named(base):
    shared, live = base / "shared", base / "live"
    for name in ("img", "a/b", "storage", "own"):
        (shared / name).mkdir(parents=True)
    for name in ("a", "own"):
        (live / name).mkdir(parents=True)
    (shared / ".env").touch()
    for name in ("img", "a/b", "storage", ".env"):
        (live / name).symlink_to(shared / name)

    (said,) = warnings_of(lost_findings(live, shared, ("storage", ".env")))
    assert "the live release shares a/b, img, which this deployment will not have" in said
    assert [] == lost_findings(live, shared, ("storage", ".env", "a", "img"))
    assert [] == lost_findings(base / "gone", base / "none", ())


def test_shared_directories_that_the_app_can_not_write_are_named(base):
    for name in ("storage/logs", "storage/framework/views", "storage/a/b/too-deep"):
        (base / name).mkdir(parents=True)
    for name in ("storage", "storage/framework", "storage/framework/views"):
        os.chown(base / name, NOBODY, NOBODY)

    def judge() -> None:
        (found,) = problems_of(shared_findings(base, ("storage", "missing"), []))
        assert found.endswith(
            f" can't be written by nobody, as the app must: sudo chown -R nobody {base}/storage"
        )
        named = {f"{base}/storage/{name}" for name in ("logs", "a", "a/b")}
        assert named == set(found.partition(" can't")[0].split(", "))

    as_nobody(judge)


def test_shared_directory_that_phps_user_made_is_no_problem(base):
    (base / "storage/app/uploads").mkdir(parents=True)
    for name in ("storage", "storage/app"):
        os.chown(base / name, NOBODY, NOBODY)
    os.chown(base / "storage/app/uploads", 33, 33)

    www = User(name="www", uid=33, groups=frozenset())

    def judge() -> None:
        assert [] == shared_findings(base, ("storage",), [www])
        assert 1 == len(shared_findings(base, ("storage",), []))

    as_nobody(judge)


def test_old_release_with_directories_of_others_is_a_warning_that_names_the_owner(base):
    """Also those that can't be read; links out of the release are none of it."""
    for name in ("1/cache", "2/own"):
        (base / name).mkdir(parents=True)
    (base / "1/closed").mkdir(mode=0o700)
    (base / "2/link").symlink_to("/root")
    for name in ("1", "2", "2/own"):
        os.chown(base / name, NOBODY, NOBODY)

    def judge() -> None:
        (said,) = warnings_of(stuck_findings((base / "1", base / "2")))
        assert f"{base}/1/cache" in said
        assert f"{base}/1/closed" in said
        assert "belongs to root" in said
        assert said.endswith(f"can't be removed: sudo chown -R nobody {base}/1")

    as_nobody(judge)
