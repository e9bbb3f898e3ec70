"""Which project is meant: where several could be, they are listed and none is guessed."""

import json

import click
import pytest

from cli.main import cli
from tests.support.live import register

COMMANDS = {
    "push": ["--no-follow"],
    "status": [],
    "logs": [],
    "cancel": [],
    "retry": ["--no-follow"],
    "jobs": [],
    "releases": [],
    "rollback": ["--yes", "--no-follow"],
    "members": [],
    "members list": [],
    "members invite": ["linus", "--role", "viewer"],
    "members role": ["ada", "viewer"],
    "members remove": ["ada", "--yes"],
    "members leave": ["--yes"],
    "members invitations": [],
    "members withdraw": ["linus", "--yes"],
    "runners add": ["--path", "/srv/app"],
    "runners share": ["web-1"],
    "runners unshare": ["web-1"],
}
"""All that work on the project of the directory, and what they need else."""


def taking_projects(group, path=""):
    """Yield the names of all commands with --project."""
    for name, command in group.commands.items():
        if any("--project" in param.opts for param in command.params):
            yield f"{path}{name}"
        if isinstance(command, click.Group):
            yield from taking_projects(command, f"{path}{name} ")


def names(said):
    return sorted(one["full_name"] for one in json.loads(said.out)["projects"])


@pytest.fixture
def grace(deployr, checkout, another):
    """A deployer of Ada's project of this checkout, which has a job."""
    deployr("push", "--create", "--no-follow")
    run = another("grace")
    deployr("members", "invite", "grace", "--role", "deployer")
    assert 0 == run("invitations", "accept", "ada/app").code
    return run


@pytest.fixture
def ambiguous(grace):
    """She has a project of the same name and repository, too."""
    assert 0 == grace("push", "--create", "--no-follow", "--project", "grace/app").code
    return grace


def test_each_command_of_the_directory_lists_what_it_could_mean(ambiguous, backend):
    assert set(COMMANDS) == set(taking_projects(cli)) - {"audit"}
    added = ambiguous("runners", "add", "--path", "/srv", "--project", "grace/app", "--json")
    register(backend, json.loads(added.out)["code"], "web-1")
    before = ambiguous("jobs", "--project", "ada/app").out
    for name, options in COMMANDS.items():
        refused = ambiguous(*name.split(), *options)

        assert (2, "") == (refused.code, refused.out), name
        assert (
            "Error: Several projects are named app: ada/app, grace/app.\n"
            "Name one of them with --project owner/name (or DEPLOYR_PROJECT).\n"
        ) == refused.err, name
    assert before == ambiguous("jobs", "--project", "ada/app").out


@pytest.mark.parametrize("words", [["show"], ["update", "--branch", "x"], ["delete", "--yes"]])
def test_name_of_two_projects_is_no_name(ambiguous, words):
    refused = ambiguous("projects", words[0], "app", *words[1:])

    assert 2 == refused.code
    assert "ada/app, grace/app.\nName one of them as owner/name.\n" in refused.err
    assert ["ada/app", "grace/app"] == names(ambiguous("projects", "--json"))


def test_full_names_tell_them_apart(ambiguous, monkeypatch):
    shown = json.loads(ambiguous("projects", "show", "GRACE/app", "--json").out)
    assert ("grace/app", "owner") == (shown["full_name"], shown["role"])
    assert "(app, production)" in ambiguous("status", "--project", "ada/app").out
    assert 0 == ambiguous("status", "1").code

    monkeypatch.setenv("DEPLOYR_PROJECT", "grace/app")
    mine = json.loads(ambiguous("status", "--json").out)["project_id"]
    assert shown["id"] == mine
    hers = json.loads(ambiguous("status", "--project", "ada/app", "--json").out)["project_id"]
    assert mine != hers
    assert "✓ Invited linus to grace/app" in (
        ambiguous("members", "invite", "linus", "--role", "viewer").out
    )


def test_project_may_stand_before_the_subcommand(deployr, ambiguous, monkeypatch):
    monkeypatch.setenv("DEPLOYR_PROJECT", "grace/app")

    for words in (["members"], ["members", "list"]):
        said = ambiguous("members", "--project", "ada/app", *words[1:], "--json")
        assert ["ada", "grace"] == [one["handle"] for one in json.loads(said.out)["members"]]
    for line in (["members", "--project", "ada/app"], ["members", "--project", "grace/app"]):
        (handle, *_) = [
            one["handle"] for one in json.loads(ambiguous(*line, "list", "--json").out)["members"]
        ]
        assert line[-1] == f"{handle}/app"


def test_empty_project_is_not_the_one_of_the_directory(grace):
    refused = grace("cancel", "--project", "")

    assert 2 == refused.code
    assert "Invalid value for '--project': it is empty" in refused.err


def test_list_shows_whose_a_project_is_and_ones_role(ambiguous):
    rows = [line.split()[:3] for line in ambiguous("projects").out.splitlines()]

    assert ["NAME", "ROLE", "OWNER"] == rows[0]
    assert [["app", "owner", "grace"], ["ada/app", "deployer", "ada"]] == rows[1:]


def test_deployer_pushes_to_the_project_of_somebody_else(grace, checkout):
    pushed = grace("push", "--create", "--timeout", "1s")

    assert 6 == pushed.code
    assert ": ada/app main " in pushed.err
    assert ["ada/app"] == names(grace("projects", "--json"))


def test_project_of_another_repository_is_not_pushed_to(deployr, grace, checkout, tmp_path):
    checkout.git("remote", "set-url", "origin", "https://git.example/grace/app.git")

    refused = grace("push", "--no-follow", "--project", "ada/app")
    assert 4 == refused.code
    assert "The project ada/app belongs to another repository: file://" in refused.err
    # The name is free for a project of her own.
    assert 0 == grace("push", "--create", "--no-follow").code
    assert ["ada/app", "grace/app"] == names(grace("projects", "--json"))
    # And each checkout finds its own.
    assert "ada/app main" not in grace("push", "--timeout", "1s").err
    checkout.git("remote", "set-url", "origin", checkout.url)
    assert "ada/app main" in grace("push", "--timeout", "1s").err


def test_project_is_not_made_in_the_name_of_others(grace):
    refused = grace("push", "--create", "--no-follow", "--project", "ada/other")

    assert 4 == refused.code
    assert "Error: There is no project ada/other.\nSee `deployr projects`.\n" == refused.err
    assert ["ada/app"] == names(grace("projects", "--json"))


def test_strangers_see_no_name(grace, another):
    linus = another("linus")

    assert 4 == linus("projects", "show", "ada/app").code
    unknown, foreign = (linus("status", "--project", f"ada/{name}") for name in ("nope", "app"))
    assert unknown.err.replace("nope", "app") == foreign.err
    assert 0 == linus("push", "--create", "--no-follow").code
    assert ["linus/app"] == names(linus("projects", "--json"))
