"""Servers on which a deployment can't go well: a clear message, and the site stays whole."""

import json
import subprocess

import pytest

from tests.support.small_disk import small_disk
from tests.support.unprivileged import NOBODY, as_nobody, open_directory

from .fake_backend import FakeBackend, FakeJob
from .site import Site

BIG = {"build": {"commands": ["head -c 40000000 /dev/zero > big"]}}


def served(site: Site) -> str:
    return (site.current / "index.html").read_text()


def deployed(site: Site, text: str, **sections: object) -> FakeJob:
    site.commit({"index.html": text, "deploy.yaml": json.dumps(sections)})
    return site.push()


def test_full_disk_says_so_and_leaves_the_site_and_no_half_release(site):
    with small_disk(site.root, 32 * 1024):
        deployed(site, "one")

        job = deployed(site, "two", **BIG)

        assert "preflight_failed" == job.reason
        assert "No space left on device" in str(job.report.detail)
        assert "one" == served(site)
        assert 1 == len(site.releases)
        assert [] == list((site.root / ".deployr").glob("incoming-*"))
        assert "completed" == deployed(site, "three").status


def test_read_only_shared_directory_is_refused_before_the_build(site):
    deployed(site, "one")
    shared = site.root / "shared"
    with small_disk(shared, 64 * 1024):
        subprocess.run(["mount", "-o", "remount,ro", str(shared)], check=True)
        job = deployed(site, "two", deploy={"shared": {"dirs": ["uploads"]}})

    assert "preflight_failed" == job.reason
    assert f"{shared}" in str(job.report.detail)
    assert "==> build" not in job.text
    assert "one" == served(site)


def test_leftovers_of_a_killed_deployment_are_no_obstacle(site):
    """A stale link and half a copy: competitors overwrote the live release through such a link."""
    deployed(site, "one")
    meta = site.root / ".deployr"
    (meta / "current.new").symlink_to("releases/nowhere")
    (meta / "incoming-20200101000000-1/deep").mkdir(parents=True)
    (site.root / "releases/20200101000000-1").mkdir()

    job = deployed(site, "two")

    assert ("completed", "two") == (job.status, served(site))
    assert ["lock", "releases.jsonl"] == sorted(path.name for path in meta.iterdir())
    assert "20200101000000-1" not in site.releases


@pytest.fixture
def open_site(site):
    """A site that the user nobody deploys, as the service's user does on a real server."""
    # Python may be where nobody can't read it: what it loads late is loaded before.
    deployed(site, "warm-up")
    with open_directory() as base:
        backend = FakeBackend()
        found = Site(base, backend)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(base)], check=True)
        yield found
        backend.close()


def deployed_by_nobody(site: Site, text: str, **sections: object) -> FakeJob:
    files = {"index.html": text, "deploy.yaml": json.dumps(sections)}
    as_nobody(lambda: site.commit(files))
    spec = site.spec("a" * 40, unsigned=True).model_copy(update={"commit": ""})
    job = site.backend.add(spec)
    as_nobody(lambda: site.work(job))
    return job


def test_files_of_another_user_in_an_old_release_are_a_warning(open_site):
    """The web server's user owns them: competitors fail the deployment or stop removing for good."""
    site = open_site
    keep = {"deploy": {"keep_releases": 1}}
    for word in ("one", "two"):
        job = deployed_by_nobody(site, word, **keep)
        assert "completed" == job.status, job.text
    cache = site.root / "releases" / site.releases[0] / "cache"
    cache.mkdir(mode=0o755)
    (cache / "of-root").touch()

    jobs = [deployed_by_nobody(site, word, **keep) for word in ("three", "four")]

    assert ["completed"] * 2 == [job.status for job in jobs]
    assert "four" == served(site)
    # The stuck one, the live one and the one before it: the others were removed all the same.
    assert 3 == len(site.releases)
    stuck = f"{cache.parent} (of-root: Permission denied)"
    assert f"warning: an old release can't be removed: {stuck}" in jobs[-1].text


def test_deploy_root_of_another_user_is_refused_with_its_path(open_site):
    site = open_site
    site.root.mkdir(parents=True, mode=0o755)

    job = deployed_by_nobody(site, "one")

    assert "preflight_failed" == job.reason
    assert str(site.root) in str(job.report.detail)
    assert [] == list(site.root.iterdir())


def test_full_disk_does_not_keep_a_sick_release_live(site, app):
    """The record can't be written: the way back must not depend on it."""
    with small_disk(site.root, 32 * 1024):
        deployed(site, "one")
        check = {"url": app.url("/sick"), "attempts": 1}
        fill = "head -c 100000000 /dev/zero > $DEPLOYR_PATH/shared/fill || true"
        record = "head -c 100000000 /dev/zero >> $DEPLOYR_PATH/.deployr/releases.jsonl || true"
        hooks = {"after_activate": [fill, record]}
        job = deployed(site, "two", deploy={"health_check": check, "hooks": hooks})

        assert "health_check_failed" == job.reason
        assert "one" == served(site)
        assert "can't be recorded" in job.text
        assert "is live again" in job.text
