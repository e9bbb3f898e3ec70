"""What the backend says to a rollback before its runner does."""

import pytest

from tests.factories import COMMIT, claim, encoded, finish, make_job, make_runner, make_spec, report
from tests.support.backend import refusal


def ask(ada, project, **params):
    """Ask for a rollback as a CLI does."""
    branch = project["branch"]
    spec = make_spec(project, action="rollback", branch=branch, commit="", params=params)
    return ada.post("/api/jobs", project_id=project["id"], payload=encoded(spec.to_bytes()))


def tell(ada, runner, project, **standing):
    """Let a deployment end that leaves these releases behind."""
    job = make_job(ada, project)
    claim(runner, job)
    releases = [{"name": name, "commit": COMMIT, "state": is_} for name, is_ in standing.items()]
    finish(runner, job, data=report(releases=releases))


def test_without_any_release_there_is_nothing_to_go_back_to(ada, project, runner):
    tell(ada, runner, project, r1="live")

    answer = ada.post("/api/jobs", project_id=project["id"], action="rollback", environment="qa")

    assert (409, "no_release") == refusal(answer)
    assert f"{project['name']} has no release in qa yet" in answer.json["detail"]


@pytest.mark.parametrize(
    ("name", "why"), [("r1", "was removed from its server"), ("r3", "has failed")]
)
def test_release_that_is_no_goal_is_refused_with_those_that_are(ada, project, runner, name, why):
    tell(ada, runner, project, r1="live")
    tell(ada, runner, project, r2="good", r3="bad", r4="good", r5="live")

    answer = ask(ada, project, release=name)

    assert (409, "release_unusable") == refusal(answer)
    said = f"The release {name} {why}. Good ones to go back to: r4, r2."
    assert (said, ["r4", "r2"]) == (answer.json["detail"], answer.json["choices"])


def test_release_that_only_the_runner_may_know_is_left_to_it(ada, project, runner):
    tell(ada, runner, project, r1="live")

    job = ask(ada, project, release="r0").json

    assert ("rollback", {"release": "r0"}) == (job["action"], job["params"])
    assert job["id"] == runner.read("/api/runner/jobs")["job_id"]


def test_named_release_decides_which_runner_it_is(ada, project, runner):
    tell(ada, runner, project, r1="good", r2="live")
    other = make_runner(ada, "web2")
    ada.write(f"/api/projects/{project['id']}", runner_id=other.id)
    tell(ada, other, project, s1="live")

    to_old = ask(ada, project, release="r1").json["id"]
    to_newest = ask(ada, project).json["id"]

    assert (to_old, None) == (
        runner.read("/api/runner/jobs")["job_id"],
        other.read("/api/runner/jobs")["job_id"],
    )
    ada.write(f"/api/jobs/{to_old}/cancel")
    assert (None, to_newest) == (
        runner.read("/api/runner/jobs")["job_id"],
        other.read("/api/runner/jobs")["job_id"],
    )


def test_rollback_waits_in_line_and_a_dry_run_does_not(ada, project, runner):
    tell(ada, runner, project, r1="good", r2="live")
    first = make_job(ada, project)
    second = ask(ada, project, release="r1").json
    plan = make_job(ada, project, action="plan")

    shown = {job["id"]: job for job in ada.read("/api/jobs")["jobs"]}

    assert ("pending", first["id"]) == tuple(
        shown[second["id"]][name] for name in ("status", "waiting_for")
    )
    assert "queued" == shown[plan["id"]]["status"]


def test_revoked_holder_is_told(ada, project, runner):
    tell(ada, runner, project, r1="good", r2="live")
    ada.write(f"/api/runners/{runner.id}/revoke")

    assert (422, "runner_revoked") == refusal(ask(ada, project, release="r1"))
