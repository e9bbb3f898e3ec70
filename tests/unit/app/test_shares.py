"""Runners that take the jobs of a project which is somebody else's."""

import pytest

from tests.factories import (
    claim,
    finish,
    make_job,
    make_member,
    make_project,
    make_runner,
    make_user,
    report,
)
from tests.support.backend import refusal


@pytest.fixture
def lent(bob, project):
    """Bob's runner, shared with Ada's project, which he may deploy."""
    runner = make_runner(bob, "bobs")
    make_member(project, bob)
    share(bob, runner, project)
    return runner


def share(user, runner, project):
    return user.write(f"/api/runners/{runner.id}/share", project_id=project["id"])


def unshare(user, runner, project):
    return user.post(f"/api/runners/{runner.id}/unshare", project_id=project["id"])


def offered(runner):
    return [each["job_id"] for each in runner.read("/api/runner/jobs")["candidates"]]


def test_only_usable_runner_is_taken_and_becomes_the_home(ada, project, lent):
    job = make_job(ada, project)
    assert [job["id"]] == offered(lent)

    claim(lent, job)

    finish(lent, job)
    assert lent.id == ada.read(f"/api/projects/{project['id']}")["runner_id"]
    assert "bobs" == ada.read(f"/api/jobs/{job['id']}")["runner"]


def test_poll_names_no_more_of_a_project_than_for_ones_own(ada, project, lent):
    make_job(ada, project)

    shown = lent.read("/api/runner/jobs")["project"]

    assert {"id", "name", "repo_url", "branch", "framework", "target"} == set(shown)


def test_owners_runner_and_a_shared_one_are_a_choice(ada, project, lent, bob):
    make_runner(ada, "web1")

    answer = ada.post("/api/jobs", project_id=project["id"])

    assert (422, "runner_required") == refusal(answer)
    assert {"web1", "bobs"} == {each["name"] for each in answer.json["choices"]}
    assert f"bobs of {make_project(bob)['owner_name']} (runner_id" in answer.json["detail"]


def test_job_made_before_any_runner_waits_for_a_choice(ada, bob, project):
    job = make_job(ada, project)
    own, lent = make_runner(ada), make_runner(bob)
    make_member(project, bob)
    assert ([job["id"]], []) == (offered(own), offered(lent))

    share(bob, lent, project)

    assert ([], []) == (offered(own), offered(lent))
    refused = lent.post(f"/api/runner/jobs/{job['id']}/status", status="running", claim_id="x")
    assert (409, "not_claimable") == refusal(refused)


def test_label_reaches_own_and_shared_runners_alone(ada, bob):
    project, other = (make_project(ada, runs_on="pool") for _ in range(2))
    make_member(project, bob)
    own, lent, unshared = (make_runner(user, labels=["pool"]) for user in (ada, bob, bob))
    share(bob, lent, project)

    job, hidden = make_job(ada, project), make_job(ada, other)

    assert [job["id"], hidden["id"]] == offered(own)
    assert ([job["id"]], []) == (offered(lent), offered(unshared))


def test_shared_runner_is_no_way_to_other_jobs(ada, bob, project, lent):
    his, others = make_job(bob, make_project(bob)), make_job(ada, make_project(ada))
    pinned = make_project(ada, runner_id=make_runner(ada).id)
    elsewhere = make_job(ada, pinned)

    assert [his["id"]] == offered(lent)
    for job in (others, elsewhere):
        answer = lent.post(f"/api/runner/jobs/{job['id']}/status", status="running", claim_id="x")
        assert answer.status_code in {404, 409}
        assert "queued" == ada.read(f"/api/jobs/{job['id']}")["status"]
    assert (404, "not_found") == refusal(ada.get(f"/api/jobs/{his['id']}"))


def test_members_see_the_runner_but_not_its_machine(ada, bob, project):
    lent = make_runner(bob, "bobs", hostname="srv", version="1", labels=["eu"])
    make_member(project, bob)
    own = share(bob, lent, project)

    (seen,) = ada.read("/api/runners")["runners"]

    name = ada.read(f"/api/projects/{project['id']}")["full_name"]
    assert own["projects"] == seen["projects"] == [name]
    assert (True, "srv") == (own["mine"], own["hostname"])
    assert (False, None, None) == (seen["mine"], seen["hostname"], seen["version"])
    assert (["eu"], own["owner_name"]) == (seen["labels"], seen["owner_name"])


def test_names_of_projects_are_told_to_their_members_alone(ada, bob, project, lent):
    other = make_project(make_user(ada.app, "Eve"))
    make_member(other, bob)
    share(bob, lent, other)

    (seen,) = ada.read("/api/runners")["runners"]

    assert [ada.read(f"/api/projects/{project['id']}")["full_name"]] == seen["projects"]


def test_only_a_deployer_can_share_his_runner(ada, bob, project):
    runner, body = make_runner(bob), {"project_id": project["id"]}
    path = f"/api/runners/{runner.id}/share"
    assert (404, "not_found") == refusal(bob.post(path, body))
    make_member(project, bob, "viewer")
    assert (403, "role_too_small") == refusal(bob.post(path, body))
    assert (404, "not_found") == refusal(ada.post(path, body))


def test_ones_own_project_needs_no_share(ada, project, runner):
    answer = ada.post(f"/api/runners/{runner.id}/share", project_id=project["id"])

    assert (422, "invalid") == refusal(answer)


def test_sharing_twice_is_sharing(bob, project, lent):
    assert 1 == len(share(bob, lent, project)["projects"])


@pytest.mark.parametrize("whose", ["runner", "project"])
def test_both_owners_can_end_a_share(ada, bob, project, lent, whose):
    make_job(ada, project)

    answer = unshare(bob if whose == "runner" else ada, lent, project)

    assert (200, []) == (answer.status_code, answer.json["projects"])
    assert [] == offered(lent)
    assert (404, "not_found") == refusal(unshare(bob, lent, project))


def test_other_members_can_not_end_a_share(app, project, lent):
    eve = make_user(app, "Eve")
    assert (404, "not_found") == refusal(unshare(eve, lent, project))
    make_member(project, eve)
    assert (403, "role_too_small") == refusal(unshare(eve, lent, project))


def test_claimed_job_stays_the_runners_own_to_the_end(ada, bob, project, lent):
    running, waiting = make_job(ada, project), make_job(ada, project)
    claim(lent, running)
    unshare(ada, lent, project)

    claim(lent, running)
    ada.write(f"/api/jobs/{running['id']}/cancel")
    assert [running["id"]] == lent.read("/api/runner/jobs")["cancel"]
    finish(lent, running, data=report(detail="done"))

    assert "completed" == ada.read(f"/api/jobs/{running['id']}")["status"]
    assert [] == offered(lent)
    answer = lent.post(f"/api/runner/jobs/{waiting['id']}/status", status="running", claim_id="y")
    assert (404, "not_found") == refusal(answer)
    shown = ada.read(f"/api/jobs/{waiting['id']}")
    assert ("queued", None) == (shown["status"], shown["runner_id"])
    assert "no longer shared" in shown["waits"]


@pytest.mark.parametrize("how", ["unshare", "revoke"])
def test_home_that_is_gone_is_told(ada, bob, project, lent, how):
    claim(lent, job := make_job(ada, project))
    finish(lent, job)
    bob.write(f"/api/runners/{lent.id}/{how}", {"unshare": {"project_id": project["id"]}}.get(how))

    answer = ada.post("/api/jobs", project_id=project["id"])

    code = {"unshare": "runner_unshared", "revoke": "runner_revoked"}[how]
    assert (422, code) == refusal(answer)
    assert "bobs" in answer.json["detail"]


@pytest.mark.parametrize("field", ["name", "repo_url"])
def test_another_app_under_the_project_ends_its_shares(ada, project, lent, field):
    value = {"name": "other", "repo_url": "https://git.example/eve/other.git"}[field]
    ada.write(f"/api/projects/{project['id']}", {field: project[field], "branch": "next"})
    assert 1 == len(ada.read("/api/runners")["runners"])

    ada.write(f"/api/projects/{project['id']}", {field: value})

    assert [] == ada.read("/api/runners")["runners"]


def test_who_leaves_takes_his_runners_along(ada, bob, project, lent):
    bob.write(f"/api/projects/{project['id']}/members/{bob.id}/delete")

    assert [] == ada.read("/api/runners")["runners"]
    assert [] == bob.read("/api/runners")["runners"][0]["projects"]


def test_project_goes_with_its_shares(ada, bob, project, lent):
    ada.write(f"/api/projects/{project['id']}/delete")

    assert [] == bob.read("/api/runners")["runners"][0]["projects"]


def test_home_is_a_usable_runner(ada, bob, project, lent):
    path, unshared = f"/api/projects/{project['id']}", make_runner(bob)
    assert (422, "invalid") == refusal(ada.post(path, runner_id=unshared.id))
    assert lent.id == ada.write(path, runner_id=lent.id)["runner_id"]
    answer = ada.post("/api/projects", name="new", repo_url=project["repo_url"], runner_id=lent.id)
    assert (422, "invalid") == refusal(answer)


def test_another_owner_sets_a_runner_of_the_first_one(ada, bob, project, runner):
    make_member(project, bob, "owner")

    change = bob.write(f"/api/projects/{project['id']}", runner_id=runner.id)

    assert runner.id == change["runner_id"]
    own = make_runner(bob)
    answer = bob.post(f"/api/projects/{project['id']}", runner_id=own.id)
    assert (422, "invalid") == refusal(answer)
