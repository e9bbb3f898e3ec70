"""Who is admitted with a GitHub account, and as what."""

import threading
from datetime import timedelta

import pytest

from app.extensions import db
from app.models import Invitation, Project
from tests.factories import make_project, make_user
from tests.support.backend import START, Api, refusal
from tests.support.github import account, sign_in

EVE = account(8, "Eve")


@pytest.mark.parametrize(
    "lists",
    [
        {"DEPLOYR_ALLOW_LOGINS": "bob, EVE"},
        {"DEPLOYR_ALLOW_DOMAINS": "example.com"},
        {"DEPLOYR_ALLOW_ORGS": "others,Acme"},
        {"DEPLOYR_SIGNUP": "open"},
    ],
)
def test_listed_people_are_admitted_as_users(make_app, github, settings, lists):
    app = make_app(**settings, **lists)
    make_user(app)
    github.orgs["acme"]["Eve"] = "active"

    assert "user" == sign_in(app, github, EVE).json["user"]["role"]


@pytest.mark.parametrize(
    "lists",
    [
        {},
        {"DEPLOYR_ALLOW_LOGINS": "ev"},
        {"DEPLOYR_ALLOW_DOMAINS": "le.com,sub.example.com"},
        {"DEPLOYR_ALLOW_ORGS": "acme,others"},
    ],
)
def test_others_are_not(make_app, github, settings, lists):
    app = make_app(**settings, **lists)
    make_user(app)
    github.orgs["acme"]["Eve"] = "pending"
    github.orgs["others"]["Bob"] = "active"

    assert (403, "not_admitted") == refusal(sign_in(app, github, EVE))


def test_organisation_that_hides_its_members_is_named(make_app, github, settings):
    app = make_app(**settings, DEPLOYR_ALLOW_ORGS="acme")
    make_user(app)
    github.restricted.add("acme")

    answer = sign_in(app, github, EVE)

    assert (403, "not_admitted") == refusal(answer)
    assert "member of acme: its owners must approve this app" in answer.json["detail"]


def test_organisation_that_hides_its_members_locks_no_user_out(make_app, github, settings):
    app = make_app(**settings, DEPLOYR_ALLOW_ORGS="acme")
    make_user(app, "Eve", "eve@example.com")
    github.restricted.add("acme")

    assert 200 == sign_in(app, github, EVE).status_code


@pytest.mark.parametrize(("days", "status"), [(14, 200), (0, 403)])
def test_invitation_admits_its_login_while_it_lasts(make_app, github, settings, days, status):
    app = make_app(**settings)
    owner = make_user(app)
    project = make_project(owner)
    with app.app_context():
        invitation = Invitation(
            project_id=db.session.get_one(Project, project["id"]).id,
            github_login="eve",
            role="viewer",
            invited_by=owner.id,
            expires_at=START + timedelta(days=days),
            created_at=START,
        )
        db.session.add(invitation)
        db.session.commit()

    assert status == sign_in(app, github, EVE).status_code


def test_first_one_becomes_the_admin_of_a_closed_backend(make_app, github, settings):
    app = make_app(**settings)

    first = sign_in(app, github, EVE)
    second = sign_in(app, github, account(9, "bob"))

    assert "admin" == first.json["user"]["role"]
    assert (403, "not_admitted") == refusal(second)


def test_with_a_list_a_stranger_is_not_even_the_first(make_app, github, settings):
    app = make_app(**settings, DEPLOYR_ALLOW_LOGINS="ada")

    assert (403, "not_admitted") == refusal(sign_in(app, github, EVE))


@pytest.mark.parametrize("signup", ["open", "closed"])
def test_of_two_first_ones_at_once_one_becomes_the_admin(make_app, github, settings, signup):
    apps = [make_app(**settings, DEPLOYR_SIGNUP=signup) for _ in range(4)]
    roles = []

    def come(number, app):
        answer = sign_in(app, github, account(number + 1, f"user{number}"))
        roles.append(answer.json["user"]["role"] if answer.status_code == 200 else "refused")

    threads = [threading.Thread(target=come, args=each) for each in enumerate(apps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    others = "user" if signup == "open" else "refused"
    assert sorted(["admin", others, others, others]) == sorted(roles)


def test_one_account_that_comes_twice_at_once_is_one_user(make_app, github, settings):
    apps = [make_app(**settings, DEPLOYR_SIGNUP="open") for _ in range(4)]
    ids = []
    threads = [
        threading.Thread(
            target=lambda app: ids.append(sign_in(app, github, EVE).json["user"]["id"]),
            args=(app,),
        )
        for app in apps
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (4, 1) == (len(ids), len(set(ids)))


def test_account_that_was_renamed_at_github_stays_the_same_user(make_app, github, settings):
    app = make_app(**settings)
    first = sign_in(app, github, EVE).json["user"]

    second = sign_in(app, github, account(8, "Eva", "eve@example.com")).json["user"]

    assert first | {"github_login": "Eva"} == second


def test_login_that_somebody_else_has_by_now_is_no_longer_the_first_ones(
    make_app, github, settings
):
    """He could answer invitations that are meant for the other one."""
    app = make_app(**settings, DEPLOYR_SIGNUP="open")
    first = sign_in(app, github, EVE).json

    sign_in(app, github, account(9, "eve", "other@example.com"))

    assert Api(app, first["token"]).read("/api/user")["github_login"] is None
    assert (
        "Eva"
        == sign_in(app, github, account(8, "Eva", "eve@example.com")).json["user"]["github_login"]
    )


def test_refusals_do_not_tell_who_has_an_account(make_app, github, settings):
    app = make_app(**settings)
    sign_in(app, github, EVE)
    texts = {
        sign_in(app, github, each).json["detail"].replace(each.login, "X")
        for each in (
            account(9, "mallory", "eve@example.com"),
            account(10, "mallory", "eve@example.com"),
        )
    }
    stranger = sign_in(app, github, account(11, "mallory", "new@example.com"))

    assert {stranger.json["detail"].replace("new@", "eve@").replace("mallory", "X")} == texts
