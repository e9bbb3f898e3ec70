"""What hosters keep in a document root comes into a built tree, which nobody trusts."""

import os
from dataclasses import replace

import pytest

from runner.docroot import Found, Site
from runner.docroot.tend import tend

THEIRS = b"# cPanel-generated, BEGIN\nAddHandler x .php\n# cPanel-generated, END\n"
LINKED = Site(root="/home/me/app", public="public", docroot="/home/me/public_html")
COPIED = replace(LINKED, follows_links=False)
FOUND = Found(kind="dir", live_htaccess=THEIRS, live_well_known=("security.txt",))


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "tree/public").mkdir(parents=True)
    return tmp_path / "tree"


@pytest.fixture
def outside(tmp_path):
    """What a link of a hostile build leads to."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "secret").write_text("of the runner")
    return place


def names(place):
    return sorted(each.name for each in place.iterdir())


def test_tree_without_them_gets_links_to_the_shared_ones(tree):
    tend(tree, LINKED, FOUND)

    links = {each.name: str(each.readlink()) for each in (tree / "public").iterdir()}
    shared = "../../../shared"
    assert {n: f"{shared}/{n}" for n in (".well-known", ".htaccess")} == links


def test_all_of_a_release_may_be_served(tree):
    tend(tree, replace(LINKED, public=""), FOUND)

    assert "../../shared/.htaccess" == str((tree / ".htaccess").readlink())


def test_own_directory_gets_links_to_what_it_lacks(tree):
    own = tree / "public/.well-known"
    own.mkdir()
    (own / "security.txt").write_text("own")
    tend(tree, LINKED, FOUND)

    assert ["acme-challenge", "pki-validation", "security.txt"] == names(own)
    assert "own" == (own / "security.txt").read_text()
    shared = "../../../../shared/.well-known/acme-challenge"
    assert shared == str((own / "acme-challenge").readlink())


@pytest.mark.parametrize("site", [LINKED, COPIED])
def test_own_htaccess_that_shares_its_bytes_with_a_cache_is_replaced(tree, tmp_path, site):
    cached = tmp_path / "cached"
    cached.write_text("Options -Indexes\n")
    os.link(cached, tree / "public/.htaccess")
    tend(tree, site, FOUND)

    assert b"Options -Indexes\n\n" + THEIRS == (tree / "public/.htaccess").read_bytes()
    assert "Options -Indexes\n" == cached.read_text()


def test_where_no_links_are_served_it_is_a_copy(tree):
    tend(tree, COPIED, FOUND)

    assert [".htaccess"] == names(tree / "public")
    assert THEIRS == (tree / "public/.htaccess").read_bytes()


def test_web_server_may_read_it_whatever_the_runners_umask(tree):
    before = os.umask(0o077)
    try:
        tend(tree, COPIED, FOUND)
    finally:
        os.umask(before)

    assert 0o644 == (tree / "public/.htaccess").stat().st_mode & 0o777


@pytest.mark.parametrize("site", [LINKED, COPIED])
def test_links_of_the_build_are_not_followed(tree, outside, site):
    (tree / "public/.htaccess").symlink_to(outside / "secret")
    (tree / "public/.well-known").symlink_to(outside)
    tend(tree, site, FOUND)

    assert ["secret"] == names(outside)
    assert "of the runner" == (outside / "secret").read_text()


def test_planted_name_of_the_new_file_is_not_written_through(tree, outside):
    (tree / "public/.htaccess").write_text("Options -Indexes\n")
    (tree / "public/.htaccess.deployr-new").symlink_to(outside / "secret")
    tend(tree, LINKED, FOUND)

    assert "of the runner" == (outside / "secret").read_text()
    assert THEIRS in (tree / "public/.htaccess").read_bytes()


def test_public_directory_that_is_a_link_is_refused(tree, outside):
    (tree / "public").rmdir()
    (tree / "public").symlink_to(outside)
    with pytest.raises(OSError, match="public"):
        tend(tree, LINKED, FOUND)

    assert ["secret"] == names(outside)


def test_device_or_pipe_in_its_place_is_left_alone(tree):
    os.mkfifo(tree / "public/.htaccess")
    tend(tree, LINKED, FOUND)

    assert (tree / "public/.htaccess").is_fifo()


def test_huge_htaccess_is_left_as_it_is(tree):
    own = b"#" * (1024 * 1024 + 1)
    (tree / "public/.htaccess").write_bytes(own)
    tend(tree, LINKED, FOUND)

    assert own == (tree / "public/.htaccess").read_bytes()
