"""Which addresses, branches and names are accepted."""

import pytest

from deployr.repo import branch_problem, is_full_commit, name_problem, same_repo, url_problem


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/me/app",
        "https://git.example.com:8443/me/app.git",
        "git@github.com:me/app.git",
        "ssh://git@host:22/srv/app.git",
        "ssh://host/app",
        "file:///srv/git/app.git",
    ],
)
def test_usual_addresses_are_accepted(url):
    assert url_problem(url) is None


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://me:secret@github.com/me/app", "password"),
        ("https://token@github.com/me/app", "password"),
        ("ssh://git:secret@host/app", "password"),
        ("http://github.com/me/app", "must start with"),
        ("ext::sh -c true", "spaces"),
        ("ext::true", "must start with"),
        ("/srv/git/app", "must start with"),
        ("--upload-pack=true", "must start with"),
        ("ssh://-oProxyCommand=true/x", "lacks"),
        ("git@-oProxyCommand=true:x", "must start with"),
        ("file://host/share", "absolute"),
        ("file:///", "absolute"),
        ("https://github.com", "lacks"),
        ("https://[::1/x", "is not a URL"),
        ("https://host/" + "x" * 250, "longer"),
        ("https://host/a\nb", "control"),
    ],
)
def test_other_addresses_are_refused_with_a_reason(url, word):
    assert word in (url_problem(url) or "")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://GitHub.com/me/app.git", "https://github.com/me/app/", True),
        ("git@GitHub.com:me/app.git", "git@github.com:me/app", True),
        ("https://github.com/me/app", "https://github.com/Me/app", False),
        ("https://github.com/me/app", "git@github.com:me/app", False),
    ],
)
def test_same_repository(one, other, same):
    assert same == same_repo(one, other)


@pytest.mark.parametrize("branch", ["main", "feature/x", "v1.0", "a-b_c", "ü"])
def test_branch_names(branch):
    assert branch_problem(branch) is None


@pytest.mark.parametrize(
    "branch",
    [
        "",
        "-x",
        "a b",
        "a..b",
        "a~1",
        "x.lock",
        "a//b",
        ".x",
        "a/.b",
        "HEAD",
        "@",
        "a@{1}",
        "x/",
        "x" * 256,
    ],
)
def test_what_git_takes_for_no_branch_is_refused(branch):
    assert branch_problem(branch)


@pytest.mark.parametrize(("name", "good"), [("my-app", True), ("a.b_c", True), ("7", True),
                                            ("", False), ("-x", False), ("a/b", False),
                                            ("..", False), ("a b", False), ("x" * 64, False)])  # fmt: skip
def test_names(name, good):
    assert good == (name_problem(name) is None)


@pytest.mark.parametrize(("text", "full"), [("a" * 40, True), ("0" * 64, True), ("A" * 40, False),
                                            ("a" * 39, False), ("a" * 40 + "\n", False)])  # fmt: skip
def test_full_commit(text, full):
    assert full == is_full_commit(text)
