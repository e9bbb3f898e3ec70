"""A deploy.yaml with problems keeps nobody from going back."""

import json

import pytest

from deployr.wire import Release, Report

OLD, NEW = "20260203180000-1", "20260204180000-2"
BROKEN = {
    "unknown key": "project:\n  name: shop\ndeploy:\n  pth: /x\n",
    "not YAML": "project:\n  name: shop\nbuild:\n  - [\n",
    "conflict": "project:\n  name: shop\n<<<<<<< HEAD\nrepo: {}\n",
}


@pytest.fixture
def shop(deployr, checkout, hand_runner):
    """The project shop with two releases; its deploy.yaml is still whole."""
    checkout.commit("name", deploy_yaml="project: {name: shop}\n")
    checkout.push()
    deployr("push", "--create", "--no-follow")
    job_id, _ = hand_runner.claim_when_there_is_one()
    old = Release(name=OLD, commit="a1b2" * 10, state="good")
    new = Release(name=NEW, commit="c3d4" * 10, state="live")
    hand_runner.finish(job_id, Report(release=new, releases=(old, new)))
    return checkout


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_commands_that_need_a_name_go_on(deployr, shop, text):
    (shop.path / "deploy.yaml").write_text(text)

    for command in (("releases",), ("jobs",), ("status",), ("rollback", "--yes", "--no-follow")):
        done = deployr(*command)
        assert 0 == done.code, done.err
        (note,) = done.err.splitlines()
        assert note.startswith("Warning: deploy.yaml:")
        assert note.endswith("; going on for the project shop.")
    assert "rollback" == json.loads(deployr("status", "--json").out)["action"]


def test_without_a_readable_name_the_remote_names_the_project(deployr, checkout):
    deployr("push", "--create", "--no-follow")
    (checkout.path / "deploy.yaml").write_text("\t[")

    said = deployr("jobs")

    assert 0 == said.code
    assert "going on for the project app." in said.err


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_push_is_refused_with_the_place(deployr, shop, options):
    (shop.path / "deploy.yaml").write_text(BROKEN["unknown key"])

    refused = deployr("push", *options)

    assert 2 == refused.code
    assert "deploy.yaml:4:3 deploy.pth: is not a known key" in refused.err


def test_project_can_be_named_from_anywhere(deployr, shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert NEW in deployr("releases", "--project", "shop").out
    assert 0 == deployr("rollback", "--project", "shop", "--yes", "--no-follow").code
    assert 4 == deployr("releases", "--project", "nope").code
