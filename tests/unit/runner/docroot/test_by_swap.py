"""Where no links are served, a release is copied and two renames make it the document root."""

import pytest

from tests.unit.runner.docroot.visitors import visitors


@pytest.fixture
def old_site(host):
    host.put("public_html/index.html", "the site before")
    host.put("public_html/.htaccess", "AddType text/x-old .old\n")
    host.put("public_html/.well-known/acme-challenge/first", "proof 1")


@pytest.fixture
def deploy(deployed):
    def deploy(release, **how):
        return deployed.deploy(release, follows_links=False, **how)

    return deploy


def test_the_document_root_stays_a_directory(old_site, deployed, deploy, apache):
    deploy("r1")
    first = apache.get()
    deploy("r2")
    [kept] = deployed.kept()

    assert [(200, "r1"), (200, "r2")] == [first, apache.get()]
    assert not deployed.docroot.is_symlink()
    assert "the site before" == (kept / "index.html").read_text()
    assert ["app", "public_html", kept.name] == sorted(
        each.name for each in deployed.home.iterdir() if not each.name.startswith(".")
    )


def test_proofs_and_htaccess_survive_deployments_and_a_rollback(
    old_site, deployed, deploy, apache, host
):
    root = deploy("r1")
    host.put("public_html/.well-known/acme-challenge/second", "proof 2")
    deploy("r2", files={"public/.well-known/own.txt": "own"})
    seen = [apache.get(f"/.well-known/{each}")[1] for each in ("acme-challenge/second", "own.txt")]
    root = deployed.set_root()
    deployed.switch("r1", root)
    seen += [apache.get()[1], apache.get("/.well-known/acme-challenge/first")[1]]

    assert ["proof 2", "own", "r1", "proof 1"] == seen
    assert 404 == apache.get("/.well-known/own.txt")[0]
    assert "AddType text/x-old .old\n" == (deployed.docroot / ".htaccess").read_text()


def test_a_changed_htaccess_leaves_the_release_as_it_is(deployed, deploy):
    deploy("r1", files={"public/.htaccess": "Options -Indexes\n"})
    with (deployed.docroot / ".htaccess").open("a") as live:
        live.write("# changed\n")

    assert "Options -Indexes\n" == (deployed.root / "releases/r1/public/.htaccess").read_text()


def test_undo_gives_the_site_before_back(old_site, deploy, deployed, apache):
    deploy("r1").undo()

    assert (200, "the site before") == apache.get()
    assert [] == deployed.kept()


def test_undo_leaves_nothing_where_nothing_was(deploy, deployed, apache):
    deploy("r1").undo()

    assert 404 == apache.get()[0]
    assert not deployed.docroot.exists()


def test_a_release_can_be_published_after_another_failed(old_site, deployed, deploy, apache):
    deploy("r1")
    root = deploy("r2")
    deployed.switch("r1", root)

    assert (200, "r1") == apache.get()


def test_what_a_broken_exchange_left_is_put_right(old_site, deployed, deploy, apache, host):
    deploy("r1")
    host.files.rename(str(deployed.docroot), f"{deployed.docroot}.deployr-old")
    host.files.make_dirs(f"{deployed.docroot}.deployr-new/half")
    deploy("r2")

    assert (200, "r2") == apache.get()
    assert 404 == apache.get("/half/")[0]


def test_switches_show_a_whole_release_or_for_a_moment_none(deployed, deploy, apache, eventually):
    root = deploy("r1")
    deploy("r2")
    with visitors(apache, 1) as seen:
        eventually(lambda: (200, "r2") in seen)
        for number in range(17):
            deployed.switch(f"r{number % 2 + 1}", root)
        eventually(lambda: (200, "r1") in seen)

    answers = {(status, text if status == 200 else "") for status, text in seen}
    assert {(200, "r1"), (200, "r2")} <= answers <= {(200, "r1"), (200, "r2"), (404, ""), (403, "")}


def test_an_account_that_hides_its_files_is_served(host, deploy, apache):
    host.put(".bashrc", "umask 077\n")
    deploy("r1")

    assert (200, "r1") == apache.get()


def test_a_link_as_document_root_is_a_problem(host, deployed):
    host.put("other/index.html", "x")
    host.files.link("other", str(deployed.docroot))
    [said] = deployed.set_root(follows_links=False).findings()

    assert "is a symbolic link, and this web server serves none" in said.text
