"""The document root becomes a link; what was there is kept, and comes back."""

import pytest

from runner.hosts import spare
from runner.hosts.host import HostError
from tests.unit.runner.docroot.visitors import visitors

CPANEL = "# php -- BEGIN cPanel-generated handler, do not edit\nAddType text/x-old .old\n# php -- END cPanel-generated handler, do not edit\n"


@pytest.fixture
def old_site(host):
    host.put("public_html/index.html", "the site before")
    host.put("public_html/.htaccess", CPANEL)
    host.put("public_html/.well-known/acme-challenge/first", "proof 1")
    host.put("public_html/.well-known/security.txt", "contact")


def test_the_release_takes_the_place_of_a_directory_which_is_kept(old_site, deployed, apache):
    before = apache.get()
    deployed.deploy("r1")
    [kept] = deployed.kept()

    assert (200, "the site before") == before
    assert (200, "r1") == apache.get()
    assert "the site before" == (kept / "index.html").read_text()
    assert "app/current/public" == str(deployed.docroot.readlink())


def test_where_nothing_was_a_link_is_put(deployed, apache):
    deployed.deploy("r1")

    assert (200, "r1") == apache.get()
    assert [] == deployed.kept()


def test_a_link_to_something_else_is_kept_too(host, deployed, apache):
    host.put("other/index.html", "another app")
    host.files.link("other", str(deployed.docroot))
    before = apache.get()
    root = deployed.deploy("r1")
    after = apache.get()
    root.undo()

    assert [(200, "another app"), (200, "r1"), (200, "another app")] == [
        before,
        after,
        apache.get(),
    ]
    assert [] == deployed.kept()


def test_proofs_of_a_domain_survive_deployments_and_a_rollback(old_site, deployed, apache):
    proof = "/.well-known/acme-challenge/"
    root = deployed.deploy("r1")
    seen = [apache.get(f"{proof}first")]
    deployed.host.put("public_html/.well-known/acme-challenge/second", "proof 2")
    root = deployed.deploy("r2", files={"public/.well-known/own.txt": "own"})
    seen += [apache.get(f"{proof}second"), apache.get("/.well-known/own.txt")]
    seen += [apache.get("/.well-known/security.txt")]
    deployed.switch("r1", root)
    seen += [apache.get(), apache.get(f"{proof}second")]

    texts = ["proof 1", "proof 2", "own", "contact", "r1", "proof 2"]
    assert [(200, text) for text in texts] == seen


def test_the_hosters_part_of_htaccess_is_in_each_release(old_site, deployed):
    served = deployed.docroot / ".htaccess"
    deployed.deploy("r1")
    first = served.read_text()
    deployed.deploy("r2", files={"public/.htaccess": "Options -Indexes\n"})
    second = served.read_text()
    served.write_text(second.replace("x-old", "x-new"))
    deployed.deploy("r3", files={"public/.htaccess": "Options -Indexes\n"})
    third = served.read_text()
    deployed.deploy("r4")

    changed = CPANEL.replace("x-old", "x-new")
    assert [CPANEL, f"Options -Indexes\n\n{CPANEL}"] == [first, second]
    assert [f"Options -Indexes\n\n{changed}", changed] == [third, served.read_text()]


def test_undo_gives_the_site_before_back(old_site, deployed, apache):
    root = deployed.deploy("r1")
    root.undo()

    assert (200, "the site before") == apache.get()
    assert [] == deployed.kept()
    assert "dir" == root.look().kind


def test_undo_leaves_no_link_where_nothing_was(deployed, apache):
    deployed.deploy("r1").undo()

    assert 404 == apache.get()[0]
    assert not deployed.docroot.is_symlink()


def test_undo_after_a_death_between_both_renames(old_site, deployed, apache):
    root = deployed.deploy("r1")
    deployed.docroot.unlink()
    root.undo()

    assert (200, "the site before") == apache.get()


def test_what_was_there_first_comes_back_when_another_part_of_releases_was_served_since(
    old_site, deployed, apache
):
    deployed.deploy("r1", public="")
    root = deployed.deploy("r2", public="public")
    served = apache.get()
    root.undo()

    assert [(200, "r2"), (200, "the site before")] == [served, apache.get()]
    assert [] == deployed.kept()


def test_a_document_root_behind_a_link_is_a_link_that_leads_there(host, deployed, apache):
    host.files.make_dirs(f"{deployed.home}/deep/er")
    host.files.link("deep/er", f"{deployed.home}/short")
    deployed.deploy("r1", docroot=str(deployed.home / "short/site"))

    assert "r1" == (deployed.home / "short/site/index.html").read_text()


def test_after_the_first_time_a_deployment_only_looks(old_site, deployed, monkeypatch):
    monkeypatch.setattr(spare, "_FRESH_SECONDS", 600.0)
    deployed.deploy("r1")
    asked = deployed.host.round_trips
    deployed.deploy("r2")

    assert 2 == deployed.host.round_trips - asked, "look and switch"


def test_60_switches_show_only_whole_releases(old_site, deployed, apache, eventually):
    root = deployed.deploy("r1")
    deployed.deploy("r2")
    with visitors(apache, 2) as seen:
        eventually(lambda: (200, "r2") in seen)
        for number in range(61):
            deployed.switch(f"r{number % 2 + 1}", root)
        eventually(lambda: (200, "r1") in seen)

    assert {(200, "r1"), (200, "r2")} == seen


def test_an_account_that_hides_its_files_has_its_proofs_served(host, deployed, apache):
    host.put(".bashrc", "umask 077\n")
    deployed.deploy("r1")
    host.put("public_html/.well-known/acme-challenge/first", "proof")

    assert (200, "proof") == apache.get("/.well-known/acme-challenge/first")


def test_what_else_is_served_from_inside_is_told(host, server, deployed):
    host.put("public_html/blog/index.html", "blog")
    [said] = deployed.set_root().findings()

    assert "warning" == said.kind
    assert f"{deployed.docroot} holds blog;" in said.text


def test_a_document_root_without_a_place_is_a_problem(deployed):
    [said] = deployed.set_root(docroot="/nowhere/at/all").findings()

    assert "the directory above the document root /nowhere/at/all does not exist" in said.text


def test_a_deploy_root_inside_by_way_of_a_link_is_a_problem(host, deployed):
    host.put("public_html/index.html", "the site before")
    host.files.link("public_html", f"{host.home}/www")
    [said] = deployed.set_root(root=f"{host.home}/www/new/app").findings()

    assert f"{host.home}/www/new/app is inside of the document root" in said.text


def test_a_directory_that_may_not_be_renamed_stays(deployed, apache, host, server):
    host.put("public_html/index.html", "the site before")
    root = deployed.set_root()
    root.look()
    server.home.chmod(0o555)
    try:
        with pytest.raises(HostError):
            deployed.switch("r1", root)
    finally:
        server.home.chmod(0o711)

    assert (200, "the site before") == apache.get()
