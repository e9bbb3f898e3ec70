"""What the audit log tells of teams, and of whom."""

import json

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import AuditEvent
from tests.factories import link_github, make_invitation, make_member, make_user
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
def told(app, project):
    """Return what the log tells of the project's team."""

    def read():
        with app.app_context():
            mine = AuditEvent.project_id == project["id"], AuditEvent.act.notlike("project.%")
            events = db.session.scalars(select(AuditEvent).where(*mine).order_by(AuditEvent.id))
            return [
                (one.act, one.actor, one.thing, one.user_id, json.loads(one.detail))
                for one in events
            ]

    return read


def test_invitations_are_told_without_telling_who_has_an_account(ada, bob, project, told):
    made = [make_invitation(ada, project, login, "viewer")["id"] for login in ("bob-gh", "nobody")]
    ada.write(f"/api/projects/{project['id']}/invitations/{made[1]}/delete")
    bob.write(f"/api/invitations/{made[0]}/accept")

    by_ada, detail = f"user:{ada.id} ada", {"role": "viewer"}
    assert [
        ("member.invited", by_ada, f"invitation:{made[0]} bob-gh", ada.id, detail),
        ("member.invited", by_ada, f"invitation:{made[1]} nobody", ada.id, detail),
        ("invitation.withdrawn", by_ada, f"invitation:{made[1]} nobody", ada.id, detail),
        ("member.joined", f"user:{bob.id} bob", f"invitation:{made[0]} bob-gh", bob.id, detail),
    ] == told()


def test_declining_is_told(ada, bob, project, told):
    made = make_invitation(ada, project, "bob-gh")

    bob.write(f"/api/invitations/{made['id']}/decline")

    assert ("invitation.declined", f"user:{bob.id} bob") == told()[-1][:2]


def test_changes_are_told_to_whom_they_concern(ada, bob, project, told):
    make_member(project, bob, "owner")
    path = f"/api/projects/{project['id']}/members/{bob.id}"

    ada.write(path, role="viewer")
    ada.write(path, role="viewer")
    bob.write(f"{path}/delete")

    by_ada, by_bob = f"user:{ada.id} ada", f"user:{bob.id} bob"
    ended = {"project": "shop", "invitations": 0, "runners": 0, "role": "viewer"}
    assert [
        ("member.changed", by_ada, by_bob, bob.id, ended | {"before": "owner"}),
        ("member.removed", by_bob, by_bob, bob.id, ended),
    ] == told()


def test_refusals_are_not_told(ada, bob, project, told):
    make_member(project, bob, "viewer")
    path = f"/api/projects/{project['id']}/members"

    assert (403, "role_too_small") == refusal(bob.post(f"{path}/{ada.id}/delete"))
    assert (409, "primary_owner") == refusal(ada.post(f"{path}/{ada.id}/delete"))
    assert [] == told()
