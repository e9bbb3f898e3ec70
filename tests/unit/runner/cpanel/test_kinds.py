"""Releases of one project that are of different kinds, in a hosting account."""

import pytest

from tests.unit.runner.site import Site

HEAD = "project: {framework: nextjs, target: cpanel}\nnextjs: {smoke_check: false}\n"
BUILD = "build: {commands: [sh make.sh]}\n"
SICK = 'deploy: {health_check: {url: "http://127.0.0.1:9/", attempts: 1}}\n'
EXPORT = "mkdir -p .next out; echo {} >.next/export-detail.json; echo pages >out/index.html\n"
STANDALONE = (
    "mkdir -p .next/static .next/standalone/.next; cd .next/standalone\n"
    "echo '// __NEXT_PRIVATE_STANDALONE_CONFIG' >server.js; echo secret >secret.txt\n"
)


@pytest.fixture
def docroot(tmp_path):
    place = tmp_path / "public_html"
    place.mkdir()
    (place / "index.html").write_text("of the hoster")
    return place


@pytest.fixture
def site(tmp_path, backend, docroot):
    site = Site(tmp_path, backend)
    site.allow(docroot=str(docroot))
    return site


@pytest.fixture
def push(site):
    def push(script, more=""):
        site.commit({"make.sh": script, "deploy.yaml": HEAD + BUILD + more})
        return site.push()

    return push


@pytest.mark.parametrize("is_copied", [False, True])
def test_files_of_a_server_are_not_served_where_an_export_was(site, push, docroot, is_copied):
    site.allow(docroot=str(docroot), copy_docroot=is_copied)
    shown = []
    for script in (EXPORT, STANDALONE):
        assert "completed" == (job := push(script)).status, job.text
        shown.append((docroot / "index.html").read_text())
    assert not (docroot / "secret.txt").exists()
    for name in site.releases:
        job = site.push(action="rollback", commit="0" * 40, params={"release": name})
        assert "completed" == job.status, job.text
        shown.append((docroot / "index.html").read_text())

    assert ["pages\n", "of the hoster"] * 2 == shown


def test_a_sick_export_leaves_the_server_before_as_it_was(push, docroot):
    assert "completed" == push(STANDALONE).status

    assert "health_check_failed" == push(EXPORT, SICK).reason

    assert not (docroot / "secret.txt").exists()
    assert "of the hoster" == (docroot / "index.html").read_text()


def test_a_sick_server_leaves_the_export_before_as_it_was(push, docroot):
    assert "completed" == push(EXPORT).status

    assert "health_check_failed" == push(STANDALONE, SICK).reason

    assert "pages\n" == (docroot / "index.html").read_text()


def test_a_link_of_the_owners_own_is_not_left_to_show_a_server(tmp_path, backend):
    place = tmp_path / "html"
    place.symlink_to("www/shop/current")
    site = Site(tmp_path, backend)
    site.allow(docroot=str(place))
    site.commit({"make.sh": STANDALONE, "deploy.yaml": HEAD + BUILD})

    job = site.push()

    assert "everybody could read the files of this server" in job.text
    assert not site.current.is_symlink()
