"""`deployr-runner adopt`: an app that lives where releases should be becomes the first of them."""

import json
import shutil
from pathlib import Path

import pytest

from runner.adopt import NO_COMMIT, skeleton_of, survey
from runner.releases import Record
from runner.takeover import take_over
from runner.targets.vps import VpsTarget
from tests.support.killed_takeover import killed_takeover
from tests.support.small_disk import small_disk

from .site import git

LARAVEL = {
    "artisan": "#!/usr/bin/env php",
    "composer.json": "{}",
    "public/index.php": "<?php require __DIR__ . '/../vendor/autoload.php';",
    "vendor/autoload.php": "<?php",
    "storage/app/upload.txt": "a visitor's",
    "storage/logs/laravel.log": "log",
    ".env": "APP_KEY=base64:abc",
    "REVISION": "a" * 40,
}
STATIC = {"index.html": "home", "about/index.html": "about", "uploads/1.txt": "a visitor's"}


def written(place: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(place: Path, files: dict[str, str]) -> dict[str, str]:
    """Return what a web server finds of `files` below `place`."""
    return {name: (place / name).read_text() for name in files if (place / name).exists()}


def records(root: Path) -> list[Record]:
    return list(VpsTarget(root).records().values())


def test_laravel_in_the_path_itself_becomes_a_release_and_stays_where_it_was(site, command):
    written(site.root, LARAVEL)

    said = command("adopt", "shop", "--yes")

    assert (0, "") == (said.code, said.err)
    assert f"The document root is now {site.root}/current/public" in said.out
    assert LARAVEL == found(site.root, LARAVEL)
    assert LARAVEL == found(site.current, LARAVEL)
    assert "releases/" in str(site.current.readlink())
    assert "../../shared/storage" == str((site.current / "storage").readlink())
    assert "a visitor's" == (site.root / "shared/storage/app/upload.txt").read_text()
    assert ("good", "a" * 40, "laravel") == (
        records(site.root)[0].state,
        records(site.root)[0].commit,
        records(site.root)[0].framework,
    )
    assert ["shop"] == [path.name for path in site.root.parent.iterdir()]
    assert ["lock", "releases.jsonl"] == sorted(p.name for p in (site.root / ".deployr").iterdir())


def test_current_that_is_a_directory_becomes_a_link_to_a_release(site, command):
    written(site.current, STATIC)

    said = command("adopt", "shop", "--yes", "--shared-dir", "uploads")

    assert f"The document root is now {site.current}" in said.out
    assert site.current.is_symlink()
    assert STATIC == found(site.current, STATIC)
    assert "a visitor's" == (site.root / "shared/uploads/1.txt").read_text()
    assert NO_COMMIT == records(site.root)[0].commit


def test_adopted_app_is_deployed_over_and_rolled_back_to(site, command):
    """The compatible links lead to what is live, not to the first release."""
    written(site.root, STATIC)
    assert 0 == command("adopt", "shop", "--yes", "--shared-dir", "uploads").code
    shared = json.dumps({"deploy": {"shared": {"dirs": ["uploads"]}, "keep_releases": 1}})
    site.commit({"index.html": "new", "deploy.yaml": shared})

    assert "completed" == site.push().status
    assert ("new", "new") == tuple(
        (place / "index.html").read_text() for place in (site.root, site.current)
    )
    assert "a visitor's" == (site.root / "uploads/1.txt").read_text()
    job = site.push(action="rollback")

    assert "completed" == job.status, job.report.detail
    assert STATIC == found(site.current, STATIC)


def test_commit_is_that_of_the_checkout(site, command):
    written(site.root, STATIC)
    git(site.root, "init", "--quiet")
    git(site.root, "commit", "--quiet", "--allow-empty", "--message", "x")
    commit = git(site.root, "rev-parse", "HEAD")
    command("adopt", "shop", "--yes")

    assert commit == records(site.root)[0].commit
    assert not (site.root / ".git").exists()


def test_dry_run_and_nobody_to_ask_change_nothing(site, command):
    written(site.root, LARAVEL)
    before = sorted(site.root.rglob("*"))

    said = command("adopt", "shop", "--dry-run")

    assert 0 == said.code
    assert f"storage moves to {site.root}/shared/storage; a link stays" in said.out
    assert before == sorted(site.root.rglob("*"))
    assert 2 == command("adopt", "shop").code
    assert before == sorted(site.root.rglob("*"))


@pytest.mark.parametrize("layout", ["current", "root"])
@pytest.mark.parametrize("app", ["laravel", "static"])
def test_killed_before_any_change_the_site_is_there_and_the_next_run_finishes(
    tmp_path, layout, app
):
    files, shared = (LARAVEL, ()) if app == "laravel" else (STATIC, ("uploads",))
    number, killed = 0, True
    while killed:
        number += 1
        root = tmp_path / str(number) / "shop"
        old = root / "current" if layout == "current" else root
        written(old, files)
        written(root, {"shared/.env": "A=1"} if app == "static" else {})

        killed = killed_takeover(root, number, shared)
        assert files == found(old, files), f"killed before change {number}"
        assert files == found(as_php_sees_it(old, files), files), f"before change {number}"
        if killed and records_or_journal(root):
            take_over(root, survey(root, shared))

        assert files == found(old, files)
        assert files == found(root / "current", files)
        assert ["good"] == [record.state for record in records(root)]
        assert ["shop"] == [path.name for path in root.parent.iterdir()]
        shutil.rmtree(root.parent)
    assert number > 8


def as_php_sees_it(old: Path, files: dict[str, str]) -> Path:
    """Return the app's directory by what is a file in it once links are followed."""
    name = next(name for name in files if name in {"public/index.php", "index.html"})
    return (old / name).resolve().parents[name.count("/")]


def records_or_journal(root: Path) -> bool:
    """Tell whether there is something left to do: not when only the very end was missing."""
    return not records(root) or (root / ".deployr/adopt.json").exists()


def test_path_that_is_a_link_stays_one(site, command, tmp_path):
    written(tmp_path / "real", STATIC)
    site.root.parent.mkdir()
    site.root.symlink_to(tmp_path / "real")
    command("adopt", "shop", "--yes")

    assert site.root.is_symlink()
    assert STATIC == found(site.current, STATIC)


def refusal(command, *words: str) -> str:
    said = command("adopt", "shop", "--yes", *words)
    assert said.code in {1, 2}, said.out
    return str(said.err)


def test_what_can_not_be_adopted_is_refused_with_advice(site, command):
    assert "there is no app in" in refusal(command)
    written(site.root, STATIC)
    assert "has no nothing: correct --shared-dir or --shared-file" in refusal(
        command, "--shared-dir", "nothing"
    )
    assert "no path inside the app" in refusal(command, "--shared-file", "../x")
    written(site.root, {"shared/mine/a.txt": "1"})
    assert "Deployr needs the name" in refusal(command)
    shutil.move(site.root / "shared", site.root / "releases")
    assert "has something in it: move it away" in refusal(command)
    assert "is not on this runner's list" in command("adopt", "blog").err


def test_uploads_behind_a_link_or_at_both_places_are_refused(site, command):
    written(site.current, LARAVEL)
    written(site.root, {"shared/storage/x": "1"})
    assert "both exist: remove one" in refusal(command)
    shutil.rmtree(site.root / "shared")
    (site.current / "storage").rename(site.root / "elsewhere")
    (site.current / "storage").symlink_to("../elsewhere")
    assert f"is a link to {site.root}/elsewhere" in refusal(command)
    assert not skeleton_of(site.root).exists()


def test_nothing_is_adopted_while_a_deployment_works(site, command):
    written(site.current, STATIC)
    target = VpsTarget(site.root)
    target.prepare()
    target.lock()

    assert "a deployment is working in" in refusal(command)
    target.unlock()
    assert 0 == command("adopt", "shop", "--yes").code
    (release,) = (site.root / "releases").iterdir()
    assert f"was adopted already ({release.name})" in refusal(command)
    target.activate("releases/20260203180000-1")
    assert "is a link already" in refusal(command)


def test_mount_point_inside_is_refused(site, command):
    written(site.root, STATIC)
    with small_disk(site.root / "up loads", 64) as place:
        assert f"{place} is a mount point" in refusal(command)
    assert STATIC == found(site.root, STATIC)
