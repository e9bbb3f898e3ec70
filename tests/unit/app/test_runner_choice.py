"""Which runner a job goes to."""

import pytest

from tests.factories import COMMIT, claim, finish, make_job, make_project, make_runner, report
from tests.support.backend import refusal

RELEASE = {"name": "20260203180000-1", "commit": COMMIT, "state": "live"}


def _offered(runner):
    return runner.read("/api/runner/jobs")["job_id"]


def test_first_claim_makes_the_only_runner_the_projects_home(ada, project, runner):
    job = make_job(ada, project)
    claim(runner, job)

    assert runner.id == ada.read(f"/api/projects/{project['id']}")["runner_id"]


def test_jobs_go_only_to_the_home_runner(ada):
    home, other = make_runner(ada), make_runner(ada)
    job = make_job(ada, make_project(ada, runner_id=home.id))

    assert (job["id"], None) == (_offered(home), _offered(other))


def test_only_the_home_runner_can_claim(ada):
    home, other = make_runner(ada), make_runner(ada)
    job = make_job(ada, make_project(ada, runner_id=home.id))

    answer = other.post(f"/api/runner/jobs/{job['id']}/status", status="running", claim_id="x")

    assert (409, "not_claimable") == refusal(answer)


def test_claim_that_is_refused_leaves_the_job_as_it_was(ada, bob):
    made_early = make_job(ada, make_project(ada))
    labelled = make_job(ada, make_project(ada, runs_on="pool"))
    one, stranger = make_runner(ada), make_runner(bob, labels=["pool"])
    make_runner(ada)

    for job in (made_early, labelled):
        for runner, status in ((one, 409), (stranger, 404)):
            path = f"/api/runner/jobs/{job['id']}/status"
            assert status == runner.post(path, status="running", claim_id="x").status_code
        shown = ada.read(f"/api/jobs/{job['id']}")
        assert ("queued", None) == (shown["status"], shown["runner_id"])


def test_several_runners_and_no_home_is_a_question(ada, project):
    make_runner(ada, "web1")
    make_runner(ada, "web2")

    answer = ada.post("/api/jobs", project_id=project["id"])

    assert (422, "runner_required") == refusal(answer)
    assert ["web1", "web2"] == [each["name"] for each in answer.json["choices"]]
    assert "web1" in answer.json["detail"]


def test_job_made_before_any_runner_goes_to_the_only_one(ada, project):
    job = make_job(ada, project)

    assert job["id"] == _offered(make_runner(ada))


def test_job_made_before_any_runner_waits_for_a_choice_among_several(ada, project):
    job = make_job(ada, project)
    one, other = make_runner(ada), make_runner(ada)
    assert (None, None) == (_offered(one), _offered(other))

    ada.write(f"/api/projects/{project['id']}", runner_id=other.id)

    assert (None, job["id"]) == (_offered(one), _offered(other))


def test_label_replaces_the_home_runner(ada):
    plain, one, other = (
        make_runner(ada),
        make_runner(ada, labels=["cpanel", "eu"]),
        make_runner(ada, labels=["cpanel"]),
    )
    job = make_job(ada, make_project(ada, runner_id=plain.id, runs_on="cpanel"))

    assert (None, job["id"], job["id"]) == (_offered(plain), _offered(one), _offered(other))
    claim(other, job)
    assert plain.id == ada.read(f"/api/projects/{job['project_id']}")["runner_id"]


def test_revoked_home_runner_is_told(ada, project, runner):
    claim(runner, make_job(ada, project))
    ada.write(f"/api/runners/{runner.id}/revoke")

    answer = ada.post("/api/jobs", project_id=project["id"])

    assert (422, "runner_revoked") == refusal(answer)
    assert "web1" in answer.json["detail"]


@pytest.mark.parametrize("choice", ["runner_id", "runs_on"])
def test_rollback_goes_to_the_runner_that_holds_the_release(ada, choice):
    holder = make_runner(ada, labels=["eu"])
    project = make_project(ada)
    job = make_job(ada, project)
    claim(holder, job)
    finish(holder, job, data=report(release=RELEASE))
    other = make_runner(ada, labels=["eu"])
    ada.write(
        f"/api/projects/{project['id']}", {choice: other.id if choice == "runner_id" else "eu"}
    )

    rollback = make_job(ada, project, action="rollback")

    assert (rollback["id"], None) == (_offered(holder), _offered(other))
