"""The document root of an account that runs no commands: by its files alone."""

import pytest

from tests.support.sshd import Sshd


@pytest.fixture(scope="module")
def server():
    """Offer SFTP alone."""
    with Sshd("sftp") as made:
        yield made


@pytest.fixture
def silent(host, deployed):
    """Give the account a site."""
    host.put("public_html/index.html", "the site before")
    host.put("public_html/.htaccess", "AddType text/x-old .old\n")
    return deployed


def test_the_release_takes_the_place_of_a_directory_which_is_kept(silent, apache):
    silent.deploy("r1")
    first = apache.get()
    silent.deploy("r2")

    assert [(200, "r1"), (200, "r2")] == [first, apache.get()]
    assert 1 == len(silent.kept())
    assert "AddType text/x-old .old\n" == (silent.docroot / ".htaccess").read_text()


def test_a_proof_that_the_hoster_writes_later_survives(silent, host, apache):
    silent.deploy("r1")
    host.put("public_html/.well-known/acme-challenge/later", "proof")
    silent.deploy("r2")

    assert (200, "proof") == apache.get("/.well-known/acme-challenge/later")


def test_undo_gives_the_site_before_back(silent, apache):
    silent.deploy("r1").undo()

    assert (200, "the site before") == apache.get()
    assert [] == silent.kept()


def test_undo_after_a_death_between_both_renames(silent, apache):
    root = silent.deploy("r1")
    silent.docroot.unlink()
    root.undo()

    assert (200, "the site before") == apache.get()


def test_what_was_there_first_comes_back_when_another_part_of_releases_was_served_since(
    silent, apache
):
    silent.deploy("r1", public="")
    root = silent.deploy("r2", public="public")
    served = apache.get()
    assert 1 == len(silent.kept())
    root.undo()

    assert [(200, "r2"), (200, "the site before")] == [served, apache.get()]


def test_undo_leaves_a_link_of_somebody_elses(host, deployed):
    host.put("other/index.html", "another app")
    host.files.link("other", str(deployed.docroot))
    deployed.set_root().undo()

    assert deployed.docroot.is_symlink()


def test_without_links_there_is_no_way(silent):
    said = silent.set_root(follows_links=False).findings()

    assert "runs no commands and has no symbolic links" in said[-1].text
