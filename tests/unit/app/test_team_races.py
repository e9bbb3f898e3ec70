"""Several people change one team at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models import Invitation, ProjectMember
from app.services import invitations
from tests.factories import link_github, make_invitation, make_member, make_project, make_user

ROUNDS = 4


def _at_once(*posts):
    """Return the statuses of requests `(user, path[, fields])` that are made together."""
    start = Barrier(len(posts))

    def send(post):
        user, *rest = post
        start.wait()
        return user.post(*rest).status_code

    with ThreadPoolExecutor(len(posts)) as threads:
        return list(threads.map(send, posts))


@pytest.fixture
def count(app):
    def rows(table):
        with app.app_context():
            return db.session.scalar(select(func.count()).select_from(table))

    return rows


@pytest.mark.parametrize("answers", [["accept"] * 4, ["accept", "decline"] * 2])
def test_invitation_is_answered_once(ada, bob, count, answers):
    link_github(bob, "bob-gh")
    for _ in range(ROUNDS):
        before = count(ProjectMember)
        made = make_invitation(ada, make_project(ada), "bob-gh")
        posts = [(bob, f"/api/invitations/{made['id']}/{answer}") for answer in answers]

        statuses = _at_once(*posts)

        assert [200, 404, 404, 404] == sorted(statuses)
        joined = answers[statuses.index(200)] == "accept"
        assert (joined, 0) == (count(ProjectMember) - before, count(Invitation))


def test_login_is_invited_once(ada, bob, project, count):
    make_member(project, bob, "owner")
    path = f"/api/projects/{project['id']}/invitations"
    fields = {"github_login": "carol", "role": "viewer"}

    assert [201] * 4 == _at_once(*[(user, path, fields) for user in (ada, bob, ada, bob)])
    assert 1 == count(Invitation)


def test_last_room_in_a_team_is_given_once(ada, project, count, monkeypatch):
    monkeypatch.setattr(invitations, "MOST", 2)
    path = f"/api/projects/{project['id']}/invitations"
    posts = [(ada, path, {"github_login": f"user{n}", "role": "viewer"}) for n in range(4)]

    assert [201, 409, 409, 409] == sorted(_at_once(*posts))
    assert 1 == count(Invitation)


def test_of_two_owners_who_remove_each_other_one_stays(app, ada, bob, count):
    carol = make_user(app, "Carol")
    for _ in range(ROUNDS):
        before = count(ProjectMember)
        project = make_project(ada)
        for user in (bob, carol):
            make_member(project, user, "owner")
        path = f"/api/projects/{project['id']}/members"

        statuses = _at_once((bob, f"{path}/{carol.id}/delete"), (carol, f"{path}/{bob.id}/delete"))

        assert [200, 404] == sorted(statuses)
        assert before + 1 == count(ProjectMember)


def test_nobody_joins_a_project_that_is_being_deleted(ada, bob, count):
    link_github(bob, "bob-gh")
    for _ in range(ROUNDS):
        project = make_project(ada)
        made = make_invitation(ada, project, "bob-gh")

        deleted, joined, invited = _at_once(
            (ada, f"/api/projects/{project['id']}/delete"),
            (bob, f"/api/invitations/{made['id']}/accept"),
            (
                ada,
                f"/api/projects/{project['id']}/invitations",
                {"github_login": "carol", "role": "viewer"},
            ),
        )

        assert 200 == deleted
        assert joined in {200, 404}
        assert invited in {201, 404}
        assert (0, 0) == (count(ProjectMember), count(Invitation))
