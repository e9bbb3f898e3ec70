"""A static site on its way to a hosting account, and back."""

import os
import stat

import pytest

SHAPES = ["full", "jailed", "sftp", "password"]


@pytest.fixture(params=SHAPES)
def site(request, account):
    return account(request.param)


def test_first_release_takes_the_place_of_the_document_root(site):
    site.put(site.docroot / "index.html", "hello from the hoster")
    site.put(site.docroot / ".well-known/acme-challenge/token", "proof")
    site.commit({"index.html": "one", "img/a.svg": "<svg/>"})

    job = site.push()

    assert ("completed", None) == (job.status, job.reason), job.text
    assert ("one", "<svg/>") == (site.served(), site.served("img/a.svg"))
    assert f"releases/{site.releases[0]}" == str(site.current.readlink())
    (kept,) = site.docroot.parent.glob("public_html.before-deployr-*")
    assert f"what it held is kept as {site.docroot}.before-deployr-<time>" in job.text
    assert "hello from the hoster" == (kept / "index.html").read_text()
    assert "good" == job.report.release.state
    assert str(site.root) == job.report.path


def test_later_releases_hold_exactly_what_was_committed(site):
    site.commit({"index.html": "one", "old.txt": "old", "same.txt": "same"})
    site.push()
    (site.repo / "old.txt").unlink()
    site.commit({"index.html": "two", "new.txt": "new"})

    assert "completed" == (job := site.push()).status, job.text

    found = {path.name for path in site.current.iterdir() if path.name != ".well-known"}
    assert {"index.html", "new.txt", "same.txt"} == found
    assert "two" == site.served()
    one, two = (site.root / "releases" / name for name in site.releases)
    assert "one" == (one / "index.html").read_text()
    assert 0o644 == stat.S_IMODE((two / "index.html").stat().st_mode)


def test_rollback_brings_the_release_before_back(site):
    for text in ("one", "two"):
        site.commit({"index.html": text})
        assert "completed" == site.push().status

    job = site.push(action="rollback", commit="0" * 40)

    assert "completed" == job.status, job.text
    assert "one" == site.served()


def test_a_sick_first_release_gives_the_document_root_back(site):
    site.put(site.docroot / "index.html", "hello from the hoster")
    site.commit({"index.html": "one", "deploy.yaml": SICK})

    job = site.push()

    assert "health_check_failed" == job.reason
    assert "hello from the hoster" == site.served()
    assert not site.docroot.is_symlink()


def test_a_sick_later_release_is_taken_back(site):
    site.commit({"index.html": "one"})
    site.push()
    site.commit({"index.html": "two", "deploy.yaml": SICK})

    job = site.push()

    assert "health_check_failed" == job.reason
    assert "one" == site.served()
    assert "going back to" in job.text


def test_verify_finds_what_somebody_changed_in_secret(site):
    """Same size and time: a redeployment takes it over, unless every byte is looked at."""
    site.commit({"index.html": "one", "kept.txt": "right"})
    site.push()
    file = site.current.resolve() / "kept.txt"
    before = file.stat()
    file.write_text("wrong")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    site.commit({"index.html": "two"})

    assert "completed" == (job := site.push(params={"verify": "yes"})).status, job.text

    assert "right" == site.served("kept.txt")


def test_dry_run_changes_nothing(site):
    site.put(site.docroot / "index.html", "hello from the hoster")
    site.commit({"index.html": "one"})

    job = site.push(action="plan")

    assert "completed" == job.status, job.text
    assert "would activate" in job.text
    assert "hello from the hoster" == site.served()
    assert not site.root.exists()


def test_old_releases_are_removed(site):
    for number in range(4):
        manifest = "project: {target: cpanel}\ndeploy: {keep_releases: 2}\n"
        site.commit({"index.html": f"{number}", "deploy.yaml": manifest})
        assert "completed" == site.push().status

    assert 2 == len(site.releases)
    assert "3" == site.served()
    assert [] == [path.name for path in (site.root / ".deployr").glob("held*")]


SICK = """project: {target: cpanel}
deploy: {health_check: {url: "http://127.0.0.1:9/", attempts: 1}}
"""
