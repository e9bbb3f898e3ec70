"""Runners that somebody shares with a project of somebody else."""

import json

import pytest

from tests.support.live import HandRunner, register


@pytest.fixture
def grace(deployr, checkout, another, backend):
    """An owner of Ada's project, with a runner `web-1` of her own."""
    deployr("push", "--create", "--no-follow")
    run = another("grace")
    deployr("members", "invite", "grace", "--role", "owner")
    run("invitations", "accept", "app")
    added = run("runners", "add", "--path", "/srv/app", "--name", "web-1")
    assert "ada/app is not yours: then share the runner with it:\n" in added.err
    assert "deployr runners share web-1 --project ada/app\n" in added.err
    words = added.out.split()
    register(backend, words[words.index("--code") + 1], "web-1")
    return run


def runner_of(run, name="ada/app"):
    shown = run("projects", "show", name).out.splitlines()
    return next(line.split()[-1] for line in shown if line.startswith("runner:"))


def test_shared_runner_takes_the_projects_jobs(deployr, grace):
    refused = grace("push", "--no-follow", "--runner", "web-1")
    assert 2 == refused.code
    assert "The runner web-1 is not shared with ada/app.\nShare it: deployr runners" in refused.err

    shared = grace("runners", "share", "web-1")

    assert "✓ web-1 may take the jobs of ada/app\n" == shared.out
    assert "deployr-runner allow add --project app --project-id 1 --repo file://" in shared.err
    assert ["grace/web-1", "offline", "grace", "ada/app"] == (
        deployr("runners").out.splitlines()[1].split()[:4]
    )
    assert ["web-1", "offline", "ada/app"] == grace("runners").out.splitlines()[1].split()[:3]
    assert 0 == deployr("push", "--no-follow", "--runner", "web-1").code
    assert ("grace/web-1", "web-1") == (runner_of(deployr), runner_of(grace))


def test_own_runner_comes_first_and_a_full_name_names_the_other(deployr, grace, backend):
    grace("runners", "share", "web-1")
    HandRunner(backend, "web-1")

    deployr("push", "--no-follow", "--runner", "web-1")
    assert "web-1" == runner_of(deployr)
    assert 0 == deployr("projects", "update", "app", "--runner", "grace/web-1").code
    assert "grace/web-1" == runner_of(deployr)


def test_share_is_ended_by_either_side(deployr, grace):
    for run, name in ((grace, "web-1"), (deployr, "grace/web-1")):
        grace("runners", "share", "web-1")
        ended = run("runners", "unshare", name)
        assert f"✓ {name} takes no jobs of ada/app any more\n" == ended.out
        assert "There is no runner yet" in deployr("runners").err
    shared = json.loads(grace("runners", "share", "web-1", "--json").out)
    assert ["ada/app"] == shared["projects"]
    unshared = json.loads(grace("runners", "unshare", "web-1", "--json").out)
    assert [] == unshared["projects"]


def test_new_name_of_a_project_ends_its_shares_and_says_so(deployr, grace):
    grace("runners", "share", "web-1")

    assert "" == deployr("projects", "update", "app", "--name", "app").err
    changed = deployr("projects", "update", "app", "--name", "shop")

    assert "No longer shared with it: grace/web-1. Their owners: deployr runners" in changed.err
    assert "NAME --project ada/shop\n" in changed.err
    assert "There is no runner yet" in deployr("runners").err


def test_runner_of_somebody_else_is_not_revoked_or_shared(deployr, grace):
    grace("runners", "share", "web-1")

    for words in (["revoke", "web-1", "--yes"], ["share", "web-1"]):
        refused = deployr("runners", *words)
        assert 4 == refused.code
        assert "The runner grace/web-1 is not yours.\nAsk grace.\n" in refused.err
    assert 0 == grace("runners", "revoke", "web-1", "--yes").code


def test_shared_runners_of_one_name_are_listed(deployr, grace, another, backend):
    linus = another("linus")
    deployr("members", "invite", "linus", "--role", "deployer")
    linus("invitations", "accept", "app")
    added = json.loads(linus("runners", "add", "--path", "/srv/app", "--json").out)
    register(backend, added["code"], "web-1")
    grace("runners", "share", "web-1")
    linus("runners", "share", "web-1")

    refused = deployr("push", "--no-follow", "--runner", "web-1")

    assert 2 == refused.code
    assert "Several runners are named web-1: grace/web-1, linus/web-1.\n" in refused.err
    assert 0 == deployr("push", "--no-follow", "--runner", "linus/web-1").code
    refused = linus("push", "--no-follow", "--runner", "grace/web-1")
    assert 3 == refused.code
    assert "--runner is not what the project has; " in refused.err
