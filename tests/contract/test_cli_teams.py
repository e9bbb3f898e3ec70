"""`deployr members` and `deployr invitations`: sharing a project, from invitation to leaving."""

import json

import pytest
from sqlalchemy import update

from app.extensions import db
from app.models import User


@pytest.fixture
def job(deployr, checkout):
    """A queued job of Ada's project of this checkout."""
    return json.loads(deployr("push", "--create", "--no-follow", "--json").out)["id"]


@pytest.fixture
def join(deployr, another, job):
    """Make a member of her project; returns their command line."""

    def make(name, role):
        run = another(name)
        deployr("members", "invite", name, "--role", role)
        assert 0 == run("invitations", "accept", "app").code
        return run

    return make


def roles(deployr):
    found = json.loads(deployr("members", "--json").out)["members"]
    return [(one["handle"], one["role"]) for one in found]


def test_invited_one_is_told_what_to_run_and_joins(deployr, another, job, backend):
    grace = another("grace")

    invited = deployr("members", "invite", "Grace", "--role", "deployer")

    assert "✓ Invited grace to ada/app as deployer\n" == invited.out
    accept = "deployr invitations accept ada/app"
    assert f"deployr login --url {backend.url} && {accept}\n" in invited.err
    assert "grace   deployer  ada" in deployr("members", "invitations").out
    assert ["ada/app", "deployer", "ada"] == (grace("invitations").out.splitlines()[1].split()[:3])
    joined = grace("invitations", "accept", "ada/app")
    assert (0, "✓ You are deployer of ada/app\n") == (joined.code, joined.out)
    assert [("ada", "owner"), ("grace", "deployer")] == roles(grace)
    assert "Nobody is invited to ada/app.\n" == deployr("members", "invitations").err
    assert "You are invited to no project.\n" == grace("invitations").err


def test_members_are_listed_with_their_github_logins(deployr, join):
    join("grace", "viewer")

    heading, ada, grace = deployr("members").out.splitlines()

    assert ["MEMBER", "GITHUB", "NAME", "ROLE", "SINCE"] == heading.split()
    assert ["ada", "-", "Ada", "owner", "(primary)"] == ada.split()[:5]
    assert ["grace", "Grace", "Grace", "viewer"] == grace.split()[:4]


def test_role_is_changed_and_the_primary_owner_keeps_hers(deployr, join):
    grace = join("grace", "viewer")

    assert "✓ grace is owner of ada/app\n" == deployr("members", "role", "grace", "owner").out
    refused = grace("members", "role", "ada", "viewer")
    assert (2, "Error: ada owns the project and stays its owner.\n") == (refused.code, refused.err)
    assert 2 == deployr("members", "role", "grace", "king").code
    assert [("ada", "owner"), ("grace", "owner")] == roles(deployr)


def test_removing_and_leaving_ask_first(deployr, join):
    grace, linus = join("grace", "viewer"), join("linus", "viewer")

    assert "Removing grace from ada/app needs --yes" in deployr("members", "remove", "grace").err
    assert "✓ Removed grace from ada/app\n" == deployr("members", "remove", "grace", "--yes").out
    assert 4 == grace("projects", "show", "ada/app").code
    assert 2 == linus("members", "leave").code
    assert "✓ You left ada/app\n" == linus("members", "leave", "--yes").out
    assert [("ada", "owner")] == roles(deployr)


def test_invitation_is_withdrawn_or_declined(deployr, another, job):
    grace = another("grace")
    for leave in (["members", "withdraw", "grace"], ["invitations", "decline", "app"]):
        run = deployr if leave[0] == "members" else grace
        deployr("members", "invite", "grace", "--role", "viewer")

        assert 2 == run(*leave).code
        done = run(*leave, "--yes")
        assert (0, True) == (done.code, "the invitation" in done.out)
        gone = grace("invitations", "accept", "app")
        assert 4 == gone.code
        assert "You have no invitation to app." in gone.err
    missing = deployr("members", "withdraw", "grace", "--yes")
    assert (4, True) == (missing.code, "See `deployr members invitations`." in missing.err)


def test_all_of_it_speaks_json(deployr, another, job):
    grace = another("grace")

    def read(run, *words):
        return json.loads(run(*words, "--json").out)

    assert (
        "grace" == read(deployr, "members", "invite", "grace", "--role", "viewer")["github_login"]
    )
    assert 1 == len(read(deployr, "members", "invitations")["invitations"])
    assert "ada/app" == read(grace, "invitations", "list")["invitations"][0]["project"]
    assert "viewer" == read(grace, "invitations", "accept", "app")["role"]
    assert "deployer" == read(deployr, "members", "role", "grace", "deployer")["role"]
    assert {"deleted": True} == read(grace, "members", "leave", "--yes")
    for run, leave in ((deployr, ["members", "withdraw"]), (grace, ["invitations", "decline"])):
        deployr("members", "invite", "grace", "--role", "viewer")
        name = "grace" if run is deployr else "app"
        assert {"deleted": True} == read(run, *leave, name, "--yes")


def test_viewer_looks_and_does_not_touch(deployr, join, job):
    grace = join("grace", "viewer")

    assert f"Job:          {job} (app" in grace("status").out
    refused = grace("push", "--no-follow")
    assert 3 == refused.code
    assert "You are a viewer of ada/app; deploying needs the role deployer." in refused.err
    assert "deployr push --create --project grace/app" in refused.err
    for words in (["cancel"], ["members", "invite", "linus", "--role", "viewer"]):
        refused = grace(*words)
        assert (3, True) == (refused.code, "You are a viewer of app" in refused.err)
        assert "`deployr members` shows who its owners are.\n" in refused.err
    assert 1 == len(json.loads(deployr("jobs", "--json").out)["jobs"])


def test_deployer_deploys_and_cancels(join):
    grace = join("grace", "deployer")

    assert 0 == grace("push", "--no-follow").code
    assert 0 == grace("cancel").code
    refused = grace("projects", "update", "ada/app", "--branch", "x")
    assert (3, True) == (refused.code, "needs the role owner" in refused.err)


def test_invitation_to_what_is_not_found_is_hinted_at(deployr, another, job):
    grace = another("grace")
    deployr("members", "invite", "grace", "--role", "viewer")

    hint = "You are invited to ada/app: `deployr invitations accept ada/app`."
    for words in (["push"], ["status"], ["status", "--project", "ada/app"]):
        refused = grace(*words)
        assert (4, True) == (refused.code, hint in refused.err)
    assert hint in grace("push", "--create", "--no-follow").err
    assert hint not in another("linus")("push").err


def test_login_of_one_and_handle_of_another_names_neither(deployr, join, backend):
    join("grace", "viewer")
    join("linus", "viewer")
    with backend.app.app_context():
        db.session.execute(update(User).where(User.handle == "linus").values(github_login="Grace"))
        db.session.commit()

    refused = deployr("members", "remove", "grace", "--yes")

    assert 2 == refused.code
    assert "grace may be any of these members of ada/app: grace, linus." in refused.err
    assert 0 == deployr("members", "remove", "linus", "--yes").code
    assert 4 == deployr("members", "remove", "nobody", "--yes").code
