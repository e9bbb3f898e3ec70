"""Names of projects that several people share: `shop` may be many, `ada/shop` is one."""

import pytest
from sqlalchemy import update

from app.extensions import db
from app.models import User
from tests.factories import make_member, make_project, make_user


@pytest.fixture
def ada(app):
    return make_user(app, "Ada", "Ada@example.com")


@pytest.fixture
def bob(app):
    return make_user(app, "Bob", "bob@example.com")


def _names(user, name):
    return {each["full_name"] for each in user.read("/api/projects", name=name)["projects"]}


def test_project_tells_its_owner_and_my_role(ada, bob, project):
    make_member(project, bob, "viewer")

    mine = ada.read(f"/api/projects/{project['id']}")
    theirs = bob.read(f"/api/projects/{project['id']}")

    assert project == mine
    assert ("ada", "ada/shop", "owner") == tuple(
        mine[field] for field in ("owner_name", "full_name", "role")
    )
    assert mine | {"role": "viewer"} == theirs


def test_same_name_of_two_owners_is_found_twice(ada, bob, project):
    make_project(bob, name="shop")
    make_member(project, bob)

    assert {"ada/shop", "bob/shop"} == _names(bob, "shop")
    assert {"ada/shop"} == _names(ada, "shop")


def test_full_name_is_one_project(ada, bob, project):
    make_project(bob, name="shop")
    make_member(project, bob)

    assert {"ada/shop"} == _names(bob, "ada/shop")
    assert {"ada/shop"} == _names(bob, "ADA/shop")
    assert set() == _names(bob, "ada/SHOP")


def test_full_name_of_somebody_elses_project_is_not_found(ada, bob, project):
    assert set() == _names(bob, project["full_name"])
    assert set() == _names(ada, "bob/shop")


@pytest.mark.parametrize("name", ["/", "/shop", "ada/", "a/b/c", "%/shop", "' OR 1=1 --/shop"])
def test_other_names_find_nothing(ada, project, name):
    assert set() == _names(ada, name)


def test_new_name_shows_in_the_full_name(ada, project):
    changed = ada.write(f"/api/projects/{project['id']}", name="store")

    assert "ada/store" == changed["full_name"]


def test_user_without_a_handle_is_called_by_his_id(app, ada, project):
    """One that the release before this one made while the two took turns."""
    with app.app_context():
        db.session.execute(update(User).where(User.id == ada.id).values(handle=None))
        db.session.commit()

    full_name = f"user-{ada.id}/shop"

    assert {full_name} == _names(ada, full_name)


def test_member_creates_projects_of_his_own(bob, project):
    make_member(project, bob, "owner")

    made = make_project(bob, name="shop")

    assert (bob.id, "owner") == (made["owner"], made["role"])
