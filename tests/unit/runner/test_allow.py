"""`deployr-runner allow`: the owner's list, which nothing else changes."""

import json

import pytest

from runner.config import RunnerConfig, load, save
from tests.support.command_line import CommandLine, Said

REPO = "https://git.example.com/shop.git"


@pytest.fixture
def add(command: CommandLine, places):
    """Allow something at a registered runner; by default main of shop to /srv/shop."""
    save(places, RunnerConfig(url="https://deployr.example.com", name="web-1"))

    def run(**changes: str) -> Said:
        given = {"project": "shop", "repo": REPO, "branch": "main", "path": "/srv/shop", **changes}
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        return command("allow", "add", *words)

    return run


def listed(command: CommandLine) -> list[dict[str, object]]:
    found = json.loads(command("allow", "list", "--json").out)
    assert isinstance(found, list)
    return found


def test_added_entry_is_told_and_listed(add, command):
    said = add()

    assert (0, "shop (production) may be deployed to /srv/shop\n") == (said.code, said.out)
    expected = f"shop (production): {REPO} [main] to /srv/shop\n"
    assert expected == command("allow", "list").out


def test_list_as_json_has_all_fields(add, command):
    add(environment="staging")

    expected = {
        "project": "shop",
        "project_id": None,
        "repo": REPO,
        "branches": ["main"],
        "path": "/srv/shop",
        "environment": "staging",
        "user": None,
        "host": None,
        "docroot": None,
        "domain": None,
        "copy_docroot": False,
    }
    assert [expected] == listed(command)


def test_empty_list_says_how_to_fill_it(add, command):
    assert "Nothing is allowed yet: deployr-runner allow add --help\n" == (
        command("allow", "list").out
    )
    assert [] == listed(command)


def test_second_branch_joins_the_entry(add, command):
    add()
    add(branch="next")
    add(branch="main")

    assert [["main", "next"]] == [entry["branches"] for entry in listed(command)]


@pytest.mark.parametrize(
    "changes",
    [
        {"project": "blog", "path": "/srv/blog"},
        {"environment": "staging", "path": "/srv/shop-staging"},
        {"project": "blog", "repo": "git@github.com:me/blog.git", "path": "/srv/shop2"},
    ],
)
def test_other_project_or_environment_has_an_entry_of_its_own(add, command, changes):
    add()

    assert 0 == add(**changes).code
    assert 2 == len(listed(command))


CONFLICTS = {
    "another project": ({"project": "blog"}, "overlap"),
    "another environment": ({"environment": "staging"}, "overlap"),
    "path inside": ({"project": "blog", "path": "/srv/shop/blog"}, "overlap"),
    "path around": ({"project": "blog", "path": "/srv"}, "overlap"),
    "path with a slash": ({"project": "blog", "path": "/srv/shop/"}, "overlap"),
    "path with more slashes": ({"project": "blog", "path": "//srv//shop"}, "overlap"),
    "another path": ({"path": "/srv/other"}, "allow remove --project shop"),
    "another repository": ({"repo": f"{REPO}/"}, "allow remove --project shop"),
}


@pytest.mark.parametrize(("changes", "advice"), CONFLICTS.values(), ids=CONFLICTS)
def test_contradiction_is_refused_and_changes_nothing(add, command, changes, advice):
    add()

    said = add(**changes)

    assert 2 == said.code
    assert advice in said.err
    assert 1 == len(listed(command))


INVALID = {
    "project": "my app",
    "repo": "https://me:secret@git.example.com/shop.git",
    "branch": "--force",
    "path": "srv/shop",
    "environment": "",
}


@pytest.mark.parametrize(("field", "value"), INVALID.items())
def test_invalid_field_is_named(add, command, field, value):
    said = add(**{field: value})

    assert 2 == said.code
    assert said.err.startswith(f"Error: {'branches.0' if field == 'branch' else field}: ")
    assert [] == listed(command)


@pytest.mark.parametrize("path", ["/", "/srv/../etc", "/srv/./shop", ""])
def test_path_that_is_no_plain_one_is_refused(add, path):
    assert 2 == add(path=path).code


def test_document_root_is_named_as_a_link_can_be(add, command):
    add(docroot="//home/me//public_html/")

    assert "/home/me/public_html" == listed(command)[0]["docroot"]


def test_removed_entry_is_gone_and_the_others_stay(add, command):
    add()
    add(environment="staging", path="/srv/staging")
    said = command("allow", "remove", "--project", "shop")

    assert (0, "shop (production) may not be deployed any more\n") == (said.code, said.out)
    assert ["staging"] == [entry["environment"] for entry in listed(command)]


def test_entry_that_is_not_listed_can_not_be_removed(add, command):
    said = command("allow", "remove", "--project", "shop", "--environment", "staging")

    assert 2 == said.code
    assert "shop (staging) is not on this runner's list" in said.err


def test_moved_project_is_removed_and_added(add, command):
    add()
    command("allow", "remove", "--project", "shop")

    assert 0 == add(path="/srv/other").code
    assert ["/srv/other"] == [entry["path"] for entry in listed(command)]


def test_rest_of_the_configuration_is_kept(add, places):
    save(places, load(places).model_copy(update={"labels": ("web",)}))
    add()

    assert ("web-1", ("web",)) == (load(places).name, load(places).labels)


@pytest.mark.parametrize("words", [("list",), ("remove", "--project", "shop")])
def test_runner_that_is_not_registered_says_what_to_do(command, words):
    said = command("allow", *words)

    assert 2 == said.code
    assert "run `deployr-runner register` first" in said.err


@pytest.mark.parametrize("words", [("add",), ("add", "--project"), ("nonsense",)])
def test_wrong_usage_is_exit_code_2(command, words):
    assert 2 == command("allow", *words).code


def test_entry_can_have_a_build_user_that_more_branches_keep(add, command):
    add(user="nobody")

    assert 0 == add(branch="next").code

    assert [("nobody", ["main", "next"])] == [
        (entry["user"], entry["branches"]) for entry in listed(command)
    ]
    assert command("allow", "list").out.endswith("to /srv/shop as nobody\n")


def test_user_that_does_not_exist_is_refused(add, command):
    said = add(user="no-such-user")

    assert (2, True) == (said.code, "does not exist here" in said.err)
    assert [] == listed(command)


def test_build_user_is_set_shown_and_taken_back(add, command, places):
    add()

    assert "Builds and hooks run as nobody\n" == command("build-user", "nobody").out
    assert "nobody" == load(places).build_user
    assert "the user of the runner itself" in command("build-user", "--none").out
    assert load(places).build_user is None
    assert 2 == command("build-user", "root").code


def test_second_project_of_the_same_build_user_is_warned_about(add, command, places):
    add()
    assert "" == add(project="docs", path="/srv/docs").err
    command("build-user", "nobody")
    shared = add(project="blog", path="/srv/blog")
    apart = add(project="api", path="/srv/api", user="daemon")

    assert 0 == shared.code
    assert (
        "warning: shop (production) and blog (production) are built by the same user" in shared.err
    )
    assert "--path /srv/blog --user NAME" in shared.err
    assert "" == apart.err


def test_another_way_to_serve_takes_the_place_of_the_one_before(places, command):
    words = ["allow", "add", "--project", "shop", "--repo", REPO, "--path", "/home/me/app"]
    words += ["--branch", "main", "--docroot", "/home/me/public_html"]
    save(places, RunnerConfig(url="https://deployr.example.com", name="web-1"))
    assert 0 == command(*words, "--copy-docroot").code

    said = command(*words, "--domain", "shop.example.com")

    assert "served from /home/me/public_html as shop.example.com\n" in said.out
    assert [(False, "shop.example.com")] == [
        (each["copy_docroot"], each["domain"]) for each in listed(command)
    ]
    assert 0 == command(*words[:-4], "--branch", "next").code
    assert ["/home/me/public_html"] == [each["docroot"] for each in listed(command)]
