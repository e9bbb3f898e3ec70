"""What the CLI reads from git."""

import pytest

from cli.git import Checkout, name_from_url, without_credentials
from tests.support.checkout import DeveloperCheckout


@pytest.fixture
def developer(tmp_path, monkeypatch):
    monkeypatch.setattr("cli.git.REMOTE_SECONDS", 60)
    made = DeveloperCheckout(tmp_path)
    monkeypatch.chdir(made.path)
    return made


def test_branch_commit_and_remote(developer):
    checkout = Checkout.here()
    head = developer.git("rev-parse", "HEAD")

    assert ("main", head, developer.url) == (
        checkout.branch(), checkout.tip_of("main"), checkout.remote_url()
    )  # fmt: skip


def test_detached_head_has_no_branch(developer):
    developer.git("checkout", "-q", "--detach")

    assert Checkout.here().branch() is None


def test_branch_of_the_remote_only(developer):
    head = developer.git("rev-parse", "HEAD")
    developer.git("push", "-q", "origin", "main:refs/heads/release")
    developer.git("fetch", "-q")

    assert head == Checkout.here().tip_of("release")


def test_pushed_means_that_the_remote_branch_holds_it(developer):
    checkout = Checkout.here()
    first = developer.git("rev-parse", "HEAD")
    second = developer.commit("second")

    assert [True, False] == [checkout.is_pushed(one, "main") for one in (first, second)]
    developer.push()
    assert [True, True] == [checkout.is_pushed(one, "main") for one in (first, second)]
    assert checkout.is_pushed(first, "no-such-branch") is False


def test_silent_remote_is_neither_yes_nor_no(developer):
    head = developer.git("rev-parse", "HEAD")
    developer.git("remote", "set-url", "origin", "file:///nowhere/app.git")

    assert Checkout.here().is_pushed(head, "main") is None


def test_only_tracked_changes_are_dirty(developer):
    (developer.path / "new.txt").write_text("x")
    assert not Checkout.here().is_dirty()
    (developer.path / "index.html").write_text("changed")
    assert Checkout.here().is_dirty()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@github.com:me/my-app.git", "my-app"),
        ("git@host:app", "app"),
        ("https://github.com/me/My.App/", "My.App"),
        ("file:///srv/git/odd name!.git", "odd-name"),
        ("https://host/---", "app"),
    ],
)
def test_name_from_url(url, name):
    assert name == name_from_url(url)


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://me:pw@host/x", "https://host/x"),
        ("https://token@host:8443/x", "https://host:8443/x"),
        ("git@host:me/x", "git@host:me/x"),
        ("ssh://git@host/x", "ssh://git@host/x"),
    ],
)
def test_without_credentials(url, clean):
    assert clean == without_credentials(url)
