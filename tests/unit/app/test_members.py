"""Members of a project: what each role may, how it changes, and what ends with it."""

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models import Invitation, ProjectMember, RunnerShare
from tests.factories import (
    claim,
    link_github,
    make_invitation,
    make_job,
    make_member,
    make_project,
    make_runner,
    make_user,
)
from tests.support.backend import refusal

ROLES = ["viewer", "deployer", "owner"]


@pytest.fixture
def ada(app):
    return make_user(app, "Ada", "ada@example.com")


@pytest.fixture
def bob(app):
    return make_user(app, "Bob", "bob@example.com")


@pytest.fixture
def carol(app):
    return make_user(app, "Carol", "carol@example.com")


@pytest.fixture
def path(project):
    return f"/api/projects/{project['id']}/members"


def _roles(user, path):
    return {each["handle"]: each["role"] for each in user.read(path)["members"]}


def test_list_begins_with_whoever_owns_the_project(ada, bob, carol, project, path, clock):
    link_github(bob, "Bob-GH")
    clock.move(hours=1)
    make_member(project, carol, "owner")
    clock.move(hours=1)
    make_member(project, bob, "viewer")

    members = bob.read(path)["members"]

    assert [("ada", True), ("carol", False), ("bob", False)] == [
        (each["handle"], each["primary"]) for each in members
    ]
    assert {
        "user_id": bob.id,
        "handle": "bob",
        "github_login": "Bob-GH",
        "name": "Bob",
        "role": "viewer",
        "primary": False,
        "since": "2026-02-03T20:00:00Z",
    } == members[2]
    assert project["created_at"] == members[0]["since"]


@pytest.mark.parametrize("role", ROLES)
def test_every_member_sees_jobs_and_logs_of_the_project(ada, bob, project, role):
    job = make_job(ada, project)
    make_member(project, bob, role)

    assert [job["id"]] == [each["id"] for each in bob.read("/api/jobs")["jobs"]]
    assert "" == bob.read(f"/api/jobs/{job['id']}")["logs"]
    assert [] == bob.read(f"/api/projects/{project['id']}/releases")["releases"]


@pytest.mark.parametrize("role", ROLES)
def test_deployers_deploy_and_cancel(ada, bob, project, role):
    theirs = make_job(ada, project)
    make_member(project, bob, role)

    made = bob.post("/api/jobs", project_id=project["id"])
    cancelled = bob.post(f"/api/jobs/{theirs['id']}/cancel")

    if role == "viewer":
        assert (403, "role_too_small") == refusal(made) == refusal(cancelled)
    else:
        assert (201, 200) == (made.status_code, cancelled.status_code)
        assert "Bob" == ada.read(f"/api/jobs/{made.json['id']}")["triggered_by"]


@pytest.mark.parametrize("role", ROLES)
def test_owners_change_and_delete(ada, bob, project, role):
    make_member(project, bob, role)
    target = f"/api/projects/{project['id']}"

    answers = [bob.post(target, branch="release"), bob.post(f"{target}/delete")]

    if role == "owner":
        assert [200, 200] == [answer.status_code for answer in answers]
        assert (404, "not_found") == refusal(ada.get(target))
    else:
        assert [(403, "role_too_small")] * 2 == [refusal(answer) for answer in answers]
        assert "main" == ada.read(target)["branch"]


def test_only_whoever_owns_the_project_renames_it(ada, bob, project):
    """A name that is taken would tell of a project that nobody else sees."""
    hidden = make_project(ada, name="hidden")
    make_member(project, bob, "owner")
    target = f"/api/projects/{project['id']}"

    for name in (hidden["name"], "free"):
        assert (403, "not_primary_owner") == refusal(bob.post(target, name=name))
    assert "shop" == bob.write(target, name="shop")["name"]
    assert "free" == ada.write(target, name="free")["name"]


def test_owner_changes_a_role(ada, bob, project, path):
    make_member(project, bob, "viewer")

    changed = ada.write(f"{path}/{bob.id}", role="deployer")

    assert ("bob", "deployer", False) == tuple(
        changed[field] for field in ("handle", "role", "primary")
    )
    assert {"ada": "owner", "bob": "deployer"} == _roles(bob, path)


@pytest.mark.parametrize("role", ["viewer", "deployer"])
def test_others_change_and_remove_nobody(ada, bob, carol, project, path, role):
    make_member(project, bob, role)
    make_member(project, carol, "viewer")

    for member in (ada, bob, carol):
        refused = bob.post(f"{path}/{member.id}", role="owner")
        assert (403, "role_too_small") == refusal(refused)
    for member in (ada, carol):
        refused = bob.post(f"{path}/{member.id}/delete")
        assert (403, "role_too_small") == refusal(refused)


def test_whoever_owns_the_project_stays_its_owner(ada, bob, project, path):
    make_member(project, bob, "owner")

    for owner in (ada, bob):
        changed = owner.post(f"{path}/{ada.id}", role="viewer")
        removed = owner.post(f"{path}/{ada.id}/delete")
        assert (409, "primary_owner") == refusal(changed) == refusal(removed)


def test_who_is_no_member_is_not_found(ada, bob, project, path):
    for user_id in (bob.id, 10**17):
        assert (404, "not_found") == refusal(ada.post(f"{path}/{user_id}", role="viewer"))
        assert (404, "not_found") == refusal(ada.post(f"{path}/{user_id}/delete"))


def test_removed_member_loses_all_at_once(ada, bob, project, path):
    make_member(project, bob)
    job = bob.write("/api/jobs", project_id=project["id"])
    assert 200 == bob.get(f"/api/jobs/{job['id']}", log_from=0).status_code

    assert {"deleted": True} == ada.write(f"{path}/{bob.id}/delete")

    target = f"/api/projects/{project['id']}"
    for lost in (target, path, f"{target}/releases", f"/api/jobs/{job['id']}"):
        assert (404, "not_found") == refusal(bob.get(lost))
    assert (404, "not_found") == refusal(bob.get(f"/api/jobs/{job['id']}", log_from=0))
    assert (404, "not_found") == refusal(bob.post(f"/api/jobs/{job['id']}/cancel"))
    assert (404, "not_found") == refusal(bob.post("/api/jobs", project_id=project["id"]))
    assert [] == bob.read("/api/jobs")["jobs"] == bob.read("/api/projects")["projects"]


@pytest.mark.parametrize("role", ROLES)
def test_anybody_may_leave(ada, bob, project, path, role):
    make_member(project, bob, role)

    assert {"deleted": True} == bob.write(f"{path}/{bob.id}/delete")
    assert {"ada": "owner"} == _roles(ada, path)


@pytest.mark.parametrize("ends", ["viewer", "deployer", None])
def test_invitations_of_a_former_owner_end(app, ada, bob, project, path, ends):
    """Else he would come back under another login of his."""
    make_member(project, bob, "owner")
    make_invitation(bob, project, "bobs-other-login", "owner")
    kept = make_invitation(ada, project, "carol")

    _end(ada, f"{path}/{bob.id}", ends)

    with app.app_context():
        assert [kept["id"]] == list(db.session.scalars(select(Invitation.id)))


@pytest.mark.parametrize("ends", ["owner", "viewer", None])
def test_runners_of_who_may_not_deploy_take_no_more_jobs(ada, bob, project, path, ends):
    make_member(project, bob)
    runner = make_runner(bob)
    bob.write(f"/api/runners/{runner.id}/share", project_id=project["id"])

    _end(ada, f"{path}/{bob.id}", ends)

    left = 1 if ends == "owner" else 0
    (seen,) = bob.read("/api/runners")["runners"]
    assert left == len(seen["projects"])
    make_job(ada, project)
    assert left == len(runner.read("/api/runner/jobs")["candidates"])


def _end(owner, path, role):
    if role is None:
        owner.write(f"{path}/delete")
    else:
        owner.write(path, role=role)


def test_deleted_project_takes_all_of_its_team_along(app, ada, bob, project):
    make_member(project, bob)
    make_invitation(ada, project, "carol")
    runner = make_runner(bob)
    bob.write(f"/api/runners/{runner.id}/share", project_id=project["id"])

    ada.write(f"/api/projects/{project['id']}/delete")

    with app.app_context():
        for table in (ProjectMember, Invitation, RunnerShare):
            assert 0 == db.session.scalar(select(func.count()).select_from(table))


def test_running_job_of_a_removed_member_goes_on(ada, bob, project, path, runner):
    make_member(project, bob)
    job = bob.write("/api/jobs", project_id=project["id"])
    claim(runner, job)

    ada.write(f"{path}/{bob.id}/delete")

    assert "running" == ada.read(f"/api/jobs/{job['id']}")["status"]
