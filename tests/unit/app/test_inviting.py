"""Inviting people by their GitHub login: who may, whom, and how many."""

import pytest

from app.extensions import db
from app.models import Invitation
from app.services.invitations import LASTS
from tests.factories import link_github, make_invitation, make_member, make_project, make_user
from tests.support.backend import START, refusal


@pytest.fixture
def ada(app):
    return make_user(app, "Ada", "ada@example.com")


@pytest.fixture
def bob(app):
    user = make_user(app, "Bob", "bob@example.com")
    link_github(user, "Bob-GH")
    return user


@pytest.fixture
def path(project):
    return f"/api/projects/{project['id']}/invitations"


def _mine(user):
    return user.read("/api/invitations")["invitations"]


def test_answer_does_not_tell_whether_there_is_such_an_account(ada, bob, project):
    known = make_invitation(ada, project, "bob-gh")
    unknown = make_invitation(ada, project, "nobody")

    assert known | {"id": unknown["id"], "github_login": "nobody"} == unknown
    assert {
        "id": known["id"],
        "github_login": "bob-gh",
        "role": "deployer",
        "invited_by": "ada",
        "expires_at": "2026-02-17T18:00:00Z",
        "created_at": "2026-02-03T18:00:00Z",
    } == known


def test_withdrawn_invitation_is_gone(ada, bob, project, path):
    made = make_invitation(ada, project, "bob-gh")

    assert {"deleted": True} == ada.write(f"{path}/{made['id']}/delete")
    assert (404, "not_found") == refusal(bob.post(f"/api/invitations/{made['id']}/accept"))
    assert (404, "not_found") == refusal(ada.post(f"{path}/{made['id']}/delete"))


def test_invitation_is_withdrawn_only_from_its_own_project(ada, bob, project, path):
    other = make_project(bob)
    theirs = make_invitation(bob, other, "carol")

    assert (404, "not_found") == refusal(ada.post(f"{path}/{theirs['id']}/delete"))


def test_second_invitation_replaces_role_and_expiry(ada, bob, project, path, clock):
    first = make_invitation(ada, project, "bob-gh", "owner")
    clock.move(hours=24)
    second = make_invitation(ada, project, "Bob-gh", "viewer")

    assert first["id"] == second["id"]
    assert ("viewer", "2026-02-18T18:00:00Z") == (second["role"], second["expires_at"])
    assert [second] == ada.read(path)["invitations"]
    assert "viewer" == bob.write(f"/api/invitations/{first['id']}/accept")["role"]


def test_expired_invitation_can_be_renewed(ada, bob, project, clock):
    make_invitation(ada, project, "bob-gh")
    clock.move(hours=14 * 24)

    renewed = make_invitation(ada, project, "bob-gh")

    assert [renewed["id"]] == [each["id"] for each in _mine(bob)]


@pytest.mark.parametrize("login", ["ada-gh", "ADA-gh", "bob-gh"])
def test_members_are_not_invited_again(ada, bob, project, path, login):
    link_github(ada, "Ada-GH")
    make_member(project, bob, "owner")

    refused = bob.post(path, github_login=login, role="owner")

    assert (409, "already_member") == refusal(refused)


@pytest.mark.parametrize(
    "login",
    [
        "",
        "-bob",
        "bob gh",
        "bob/gh",
        "bob\n",
        "bob@gh",
        "böb",
        "\u212aevin",
        "b" * 40,
        "%",
        None,
        7,
    ],
)
def test_what_is_no_login_is_refused(ada, project, path, login):
    refused = ada.post(path, {"github_login": login, "role": "viewer"})

    assert (422, "invalid") == refusal(refused)
    assert ["github_login"] == [each["field"] for each in refused.json["errors"]]


@pytest.mark.parametrize("role", ["admin", "Owner", "", None])
def test_unknown_role_is_refused(ada, project, path, role):
    assert (422, "invalid") == refusal(ada.post(path, {"github_login": "bob-gh", "role": role}))


@pytest.mark.parametrize("role", ["viewer", "deployer"])
def test_only_owners_see_and_make_invitations(ada, bob, project, path, role):
    made = make_invitation(ada, project, "carol")
    make_member(project, bob, role)

    assert (403, "role_too_small") == refusal(bob.get(path))
    assert (403, "role_too_small") == refusal(bob.post(path, github_login="x", role="viewer"))
    assert (403, "role_too_small") == refusal(bob.post(f"{path}/{made['id']}/delete"))


def test_team_has_room_for_a_hundred(app, ada, bob, project, path):
    make_member(project, bob)
    fields = {"project_id": project["id"], "role": "viewer", "invited_by": ada.id}
    times = {"created_at": START, "expires_at": START + LASTS}
    with app.app_context():
        for number in range(98):  # with Ada and Bob
            db.session.add(Invitation(github_login=f"user{number}", **fields, **times))
        db.session.commit()

    full = ada.post(path, github_login="late", role="viewer")

    assert (409, "team_full") == refusal(full)
    assert 98 == len(ada.read(path)["invitations"])
    make_invitation(ada, project, "user0")
