"""Lists of projects, members and invitations cost the same however long they are."""

import pytest

from tests.factories import link_github, make_invitation, make_member, make_project, make_user
from tests.support.statements import statements


@pytest.fixture
def cost(app):
    """Return how many statements a GET takes."""

    def count(user, path):
        user.read("/api/user")  # which notes that the token is in use
        with statements(app) as seen:
            user.read(path)
        return len(seen)

    return count


def test_list_of_projects(ada, bob, cost):
    costs = []
    for _ in range(2):
        for _ in range(3):
            make_project(bob)
            make_member(make_project(ada), bob, "viewer")
        costs.append(cost(bob, "/api/projects"))

    assert costs[0] == costs[1]


def test_list_of_members(app, ada, project, cost):
    path = f"/api/projects/{project['id']}/members"
    costs = []
    for _ in range(2):
        for _ in range(3):
            make_member(project, make_user(app))
        costs.append(cost(ada, path))

    assert costs[0] == costs[1]


def test_lists_of_invitations(ada, bob, project, cost):
    link_github(bob, "bob-gh")
    path = f"/api/projects/{project['id']}/invitations"
    costs = []
    for begin in (0, 3):
        for number in range(begin, begin + 3):
            make_invitation(ada, project, f"user{number}")
            make_invitation(ada, make_project(ada), "bob-gh")
        costs.append((cost(ada, path), cost(bob, "/api/invitations")))

    assert costs[0] == costs[1]
