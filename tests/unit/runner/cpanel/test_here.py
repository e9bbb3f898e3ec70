"""The account that the runner itself lives in: the same deployment, without SSH."""

import pytest

from tests.unit.runner.site import Site


@pytest.fixture
def docroot(tmp_path):
    place = tmp_path / "public_html"
    place.mkdir()
    (place / "index.html").write_text("hello from the hoster")
    return place


@pytest.fixture
def here(tmp_path, backend, docroot) -> Site:
    site = Site(tmp_path, backend)
    site.allow(docroot=str(docroot))
    site.commit({"deploy.yaml": "project: {target: cpanel}\n"})
    return site


def test_deployed_again_and_gone_back(here, docroot):
    here.commit({"index.html": "one", "same.txt": "same"})
    assert "completed" == (job := here.push()).status, job.text
    assert "one" == (docroot / "index.html").read_text()
    here.commit({"index.html": "two"})
    assert "completed" == here.push().status
    assert "two" == (docroot / "index.html").read_text()
    one, two = (here.root / "releases" / name / "same.txt" for name in here.releases)
    assert one.stat().st_ino == two.stat().st_ino

    assert "completed" == here.push(action="rollback", commit="0" * 40).status

    assert "one" == (docroot / "index.html").read_text()


def test_shared_directories_and_files_are_seeded_once_and_linked(here):
    shared = "deploy: {shared: {dirs: [uploads, a/b/c], files: [etc/app.ini]}}\n"
    here.commit(
        {
            "deploy.yaml": f"project: {{target: cpanel}}\n{shared}",
            "uploads/seed.txt": "seed",
            "etc/app.ini": "own",
        }
    )
    assert "completed" == (job := here.push()).status, job.text
    (here.root / "shared/uploads/later.txt").write_text("of a visitor")
    (here.root / "shared/etc/app.ini").write_text("of the owner")
    assert "completed" == here.push().status

    live = here.current.resolve()
    assert "../../shared/uploads" == str((live / "uploads").readlink())
    assert "../../../../shared/a/b/c" == str((live / "a/b/c").readlink())
    assert ["later.txt", "seed.txt"] == sorted(path.name for path in (live / "uploads").iterdir())
    assert "of the owner" == (live / "etc/app.ini").read_text()


def test_shared_name_that_leads_out_of_the_release_is_refused(here, tmp_path):
    (here.repo / "inside").mkdir()
    (here.repo / "way").symlink_to("inside")
    manifest = "project: {target: cpanel}\ndeploy: {shared: {dirs: [way/uploads]}}\n"
    here.commit({"deploy.yaml": manifest, "inside/x": ""})
    assert "completed" == (job := here.push()).status, job.text
    assert (here.current.resolve() / "inside/uploads").is_symlink()

    (here.repo / "way").unlink()
    (here.repo / "way").symlink_to("../../shared")
    here.commit({})

    job = here.push()

    assert "preflight_failed" == job.reason
    assert "deploy.shared: way/uploads leads out of the release by a link" in job.report.detail


def test_document_root_is_exchanged_where_links_are_not_served(here, docroot):
    here.allow(docroot=str(docroot), copy_docroot=True)
    here.commit({"index.html": "one"})
    assert "completed" == (job := here.push()).status, job.text
    here.commit({"index.html": "two"})
    assert "completed" == here.push().status

    assert not docroot.is_symlink()
    assert "two" == (docroot / "index.html").read_text()

    assert "completed" == here.push(action="rollback", commit="0" * 40).status
    assert "one" == (docroot / "index.html").read_text()


def test_env_file_and_hooks_see_the_account(here):
    here.env_file("API_KEY=a-long-secret-value\n")
    manifest = """project: {target: cpanel}
deploy:
  shared: {files: [.env]}
  hooks:
    before_activate: ['echo "in $PWD of $DEPLOYR_RELEASE with ${#API_KEY}" > hooked']
    after_activate: ['echo "key $API_KEY"']
"""
    here.commit({"deploy.yaml": manifest})

    job = here.push()

    assert "completed" == job.status, job.text
    live = here.current.resolve()
    assert f"in {live} of {live} with 19\n" == (live / "hooked").read_text()
    assert "API_KEY=a-long-secret-value\n" == (live / ".env").read_text()
    assert "a-long-secret-value" not in job.text


def test_ways_to_serve_may_change_from_release_to_release(here, docroot):
    """What was there before Deployr is kept through all of it, and older releases come back."""
    for number, copies in enumerate((False, True, False, True)):
        here.allow(docroot=str(docroot), copy_docroot=copies)
        here.commit({"index.html": f"{number}"})
        assert "completed" == (job := here.push()).status, job.text
        assert (not copies, f"{number}") == (
            docroot.is_symlink(),
            (docroot / "index.html").read_text(),
        )

    assert "completed" == (job := here.push(action="rollback", commit="0" * 40)).status, job.text

    assert "2" == (docroot / "index.html").read_text()
    kept = sorted(path.name for path in docroot.parent.glob("public_html.before-*"))
    assert "hello from the hoster" == (docroot.parent / kept[0] / "index.html").read_text()
    assert [] == list(docroot.parent.glob("public_html.deployr-*"))


def test_document_root_that_is_a_file_is_refused(here, docroot):
    here.allow(docroot=str(docroot / "index.html"))

    job = here.push()

    assert "preflight_failed" == job.reason
    assert "is a file, not a directory" in job.report.detail
