"""Invitations by GitHub login: who sees them, who may answer them, and when they are gone."""

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models import Invitation
from app.services import chores
from tests.factories import (
    link_github,
    make_invitation,
    make_job,
    make_member,
    make_project,
    make_runner,
    make_user,
)
from tests.support.backend import refusal


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


def test_invited_one_sees_project_role_and_inviter_and_no_more(ada, bob, project):
    made = make_invitation(ada, project, "BOB-gh", "viewer")

    assert [
        {
            "id": made["id"],
            "project": "ada/shop",
            "role": "viewer",
            "invited_by": "ada",
            "expires_at": "2026-02-17T18:00:00Z",
        }
    ] == _mine(bob)
    assert (404, "not_found") == refusal(bob.get(f"/api/projects/{project['id']}"))


def test_accepting_makes_a_member_once(ada, bob, project, path):
    answer = f"/api/invitations/{make_invitation(ada, project, 'bob-gh')['id']}/accept"

    joined = bob.write(answer)

    assert project | {"role": "deployer"} == joined
    assert joined == bob.read(f"/api/projects/{project['id']}")
    assert (404, "not_found") == refusal(bob.post(answer))
    assert [] == _mine(bob) == ada.read(path)["invitations"]


def test_declined_invitation_is_gone(ada, bob, project, path):
    answer = f"/api/invitations/{make_invitation(ada, project, 'bob-gh')['id']}"

    assert {"deleted": True} == bob.write(f"{answer}/decline")
    assert (404, "not_found") == refusal(bob.post(f"{answer}/accept"))
    assert [] == _mine(bob) == ada.read(path)["invitations"]
    assert [] == bob.read("/api/projects")["projects"]


@pytest.mark.parametrize("login", ["bob", "bob-gh2", "bob_gh", "xbob-gh"])
def test_other_logins_can_not_answer(ada, bob, project, login):
    made = make_invitation(ada, project, login)

    assert [] == _mine(bob)
    for answer in ("accept", "decline"):
        refused = bob.post(f"/api/invitations/{made['id']}/{answer}")
        assert (404, "not_found") == refusal(refused)


def test_login_of_a_user_who_never_signed_in_with_github_counts_nothing(app, ada, project):
    """His handle is no proof."""
    carol = make_user(app, "Carol", "carol@example.com")
    made = make_invitation(ada, project, "carol")

    assert [] == _mine(carol)
    assert (404, "not_found") == refusal(carol.post(f"/api/invitations/{made['id']}/accept"))


def test_renamed_account_answers_for_its_new_login_only(ada, bob, project):
    old, new = (make_invitation(ada, project, login) for login in ("bob-gh", "robert"))
    link_github(bob, "Robert")

    assert [new["id"]] == [each["id"] for each in _mine(bob)]
    assert (404, "not_found") == refusal(bob.post(f"/api/invitations/{old['id']}/accept"))


def test_expired_invitation_is_gone_and_dropped_at_last(app, ada, bob, project, path, clock):
    made = make_invitation(ada, project, "bob-gh")
    clock.move(hours=14 * 24)

    assert [] == _mine(bob) == ada.read(path)["invitations"]
    for answer in ("accept", "decline"):
        refused = bob.post(f"/api/invitations/{made['id']}/{answer}")
        assert (404, "not_found") == refusal(refused)
    with app.app_context():
        chores.tend(None)
        assert 0 == db.session.scalar(select(func.count()).select_from(Invitation))


def test_member_who_was_renamed_gets_the_role_that_he_accepts(ada, bob, project):
    make_member(project, bob, "viewer")
    made = make_invitation(ada, project, "robert", "deployer")
    link_github(bob, "robert")

    assert "deployer" == bob.write(f"/api/invitations/{made['id']}/accept")["role"]


def test_smaller_role_that_he_accepts_ends_what_the_larger_one_gave(ada, bob, project):
    make_member(project, bob, "deployer")
    runner = make_runner(bob)
    bob.write(f"/api/runners/{runner.id}/share", project_id=project["id"])
    made = make_invitation(ada, project, "robert", "viewer")
    link_github(bob, "robert")
    bob.write(f"/api/invitations/{made['id']}/accept")
    make_job(ada, project)

    assert runner.read("/api/runner/jobs")["job_id"] is None


def test_owner_who_was_renamed_stays_the_owner(ada, project, path):
    made = make_invitation(ada, project, "ada-gh", "viewer")
    link_github(ada, "ada-gh")

    assert "owner" == ada.write(f"/api/invitations/{made['id']}/accept")["role"]
    (only,) = ada.read(f"/api/projects/{project['id']}/members")["members"]
    assert only["primary"]


def test_my_invitations_are_paged_newest_first(ada, bob):
    made = [make_invitation(ada, make_project(ada), "bob-gh")["id"] for _ in range(3)]

    first = bob.read("/api/invitations", limit=2)
    second = bob.read("/api/invitations", limit=2, before=first["next"])

    assert made[::-1] == [each["id"] for each in first["invitations"] + second["invitations"]]
    assert second["next"] is None


def test_deleted_project_takes_its_invitations_along(ada, bob, project):
    make_invitation(ada, project, "bob-gh")

    ada.write(f"/api/projects/{project['id']}/delete")

    assert [] == _mine(bob)
