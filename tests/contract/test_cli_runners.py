"""Which runner takes a project's jobs, and the lines that make one."""

import json
import shlex

import pytest

from tests.support.live import HandRunner


def project(deployr, name="app"):
    return json.loads(deployr("projects", "show", name, "--json").out)


@pytest.fixture
def two_runners(backend):
    return HandRunner(backend, "one", labels=["web"]), HandRunner(backend, "two")


def test_push_follows_runs_on_of_deploy_yaml(deployr, checkout, two_runners):
    deployr("push", "--create", "--no-follow", "--runner", "two")
    checkout.commit("label", deploy_yaml="runs_on: web\n")
    checkout.push()

    assert 0 == deployr("push", "--no-follow").code

    assert "web" == project(deployr)["runs_on"]


def test_runner_option_replaces_the_label(deployr, checkout, two_runners):
    deployr("push", "--create", "--no-follow", "--runner", "two")
    deployr("projects", "update", "app", "--runs-on", "web")
    assert "web" == project(deployr)["runs_on"]

    assert 0 == deployr("push", "--no-follow", "--runner", "two").code

    assert project(deployr)["runs_on"] is None


def test_runner_option_against_runs_on_is_refused(deployr, checkout, two_runners):
    checkout.commit("label", deploy_yaml="runs_on: web\n")
    checkout.push()

    refused = deployr("push", "--create", "--no-follow", "--runner", "two")

    assert 2 == refused.code
    assert "deploy.yaml says runs_on: web" in refused.err


def test_add_prints_what_the_jobs_of_the_project_will_say(deployr, checkout):
    """The remote may be written in another way than the project has it."""
    deployr("push", "--create", "--no-follow")
    url = project(deployr)["repo_url"]
    checkout.git("remote", "set-url", "origin", checkout.url.removesuffix(".git"))

    added = json.loads(deployr("runners", "add", "--path", "/srv/app", "--json").out)

    words = shlex.split(added["command"])
    assert url == words[words.index("--allow-repo") + 1]
    assert str(project(deployr)["id"]) == words[words.index("--project-id") + 1]
    assert f"--project app --project-id {project(deployr)['id']} --repo" in added["allow_command"]


def test_add_tells_a_server_that_is_a_runner_already_what_to_run(deployr, checkout):
    added = json.loads(deployr("runners", "add", "--path", "/srv/app", "--json").out)

    assert added["allow_command"].startswith(
        "deployr-runner allow add --project app --repo file://"
    )
    assert added["allow_command"].endswith("--branch main --path /srv/app")


def test_add_names_the_label_of_deploy_yaml(deployr, checkout):
    checkout.commit("label", deploy_yaml="runs_on: web\n")

    added = json.loads(deployr("runners", "add", "--path", "/srv/app", "--json").out)

    assert "--label web" in added["command"]


def test_revoke_without_anybody_to_ask_needs_yes(deployr, two_runners):
    assert 2 == deployr("runners", "revoke", "one").code
    assert 0 == deployr("runners", "revoke", "one", "--yes").code
