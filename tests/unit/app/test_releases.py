"""The releases of a project are known as their runners told them last."""

import pytest

from app.services.release_news import MOST
from tests.factories import COMMIT, claim, finish, make_job, make_runner, report
from tests.support.backend import refusal


def release(name, state, **fields):
    return {"name": name, "commit": COMMIT, "state": state} | fields


def run(ada, runner, project, made=None, standing=None, **fields):
    """Let a job end with a report; return the job."""
    job = make_job(ada, project, **fields)
    claim(runner, job)
    finish(runner, job, data=report(release=made, releases=standing))
    return job


def listed(ada, project, **query):
    return ada.read(f"/api/projects/{project['id']}/releases", **query)["releases"]


def states(ada, project):
    return {one["name"]: one["state"] for one in listed(ada, project)}


def test_release_is_told_whole(ada, project, runner):
    job = run(ada, runner, project, release("r1", "live", migrations=2), commit=COMMIT)

    (one,) = listed(ada, project)

    assert isinstance(one.pop("id"), int)
    assert {
        "name": "r1",
        "environment": "production",
        "state": "live",
        "commit": COMMIT,
        "branch": "main",
        "job_id": job["id"],
        "runner_id": runner.id,
        "runner": "web1",
        "migrations": 2,
        "created_at": "2026-02-03T18:00:00Z",
    } == one


def test_report_corrects_the_state_of_every_release_it_lists(ada, project, runner):
    run(ada, runner, project, release("r1", "live"), [release("r1", "live")])
    two = release("r2", "live")
    run(ada, runner, project, two, [release("r1", "good"), two])

    assert {"r1": "good", "r2": "live"} == states(ada, project)


def test_what_a_report_leaves_out_is_gone(ada, project, runner):
    run(ada, runner, project, release("r1", "live"))
    run(ada, runner, project, release("r2", "live"), [release("r2", "live")])

    assert {"r1": "pruned", "r2": "live"} == states(ada, project)
    run(ada, runner, project, None, [])
    assert {"r1": "pruned", "r2": "pruned"} == states(ada, project)


def test_report_without_a_list_changes_only_who_is_live(ada, project, runner):
    run(ada, runner, project, release("r1", "live"))
    run(ada, runner, project, release("r2", "bad"))
    assert {"r1": "live", "r2": "bad"} == states(ada, project)

    run(ada, runner, project, release("r3", "live"))
    assert {"r1": "good", "r2": "bad", "r3": "live"} == states(ada, project)


def test_unknown_releases_are_adopted_in_their_order(ada, project, runner):
    standing = [release("old", "good"), release("lost", "good"), release("r1", "live")]
    job = run(ada, runner, project, standing[-1], standing)

    found = listed(ada, project)

    assert [("r1", job["id"], "main"), ("lost", None, None), ("old", None, None)] == [
        (one["name"], one["job_id"], one["branch"]) for one in found
    ]


def test_rollback_leaves_a_release_with_the_job_that_made_it(ada, project, runner):
    first = run(ada, runner, project, release("r1", "good"))
    run(ada, runner, project, release("r2", "live"))
    now = [release("r1", "live"), release("r2", "good")]
    run(ada, runner, project, now[0], now, action="rollback")

    assert {"r1": "live", "r2": "good"} == states(ada, project)
    assert first["id"] == listed(ada, project)[-1]["job_id"]


def test_dry_run_tells_nothing_of_releases(ada, project, runner):
    """It may have looked before a deployment beside it was done."""
    run(ada, runner, project, release("r1", "live"))
    run(ada, runner, project, release("planned", "building"), [], action="plan")

    assert {"r1": "live"} == states(ada, project)


def test_releases_of_other_runners_and_environments_stay_as_they_are(ada, project, runner):
    run(ada, runner, project, release("r1", "live"))
    run(ada, runner, project, release("s1", "live"), [], environment="staging")
    other = make_runner(ada, "web2")
    ada.write(f"/api/projects/{project['id']}", runner_id=other.id)
    run(ada, other, project, release("r1", "live"), [release("r1", "live")])

    assert [("web2", "live"), ("web1", "live")] == [
        (one["runner"], one["state"]) for one in listed(ada, project, environment="production")
    ]


def test_runners_of_a_label_tell_of_the_same_server(ada, project):
    ada.write(f"/api/projects/{project['id']}", runs_on="cpanel")
    one, other = (make_runner(ada, name, labels=["cpanel"]) for name in ("web3", "web4"))
    job = run(ada, one, project, release("r1", "live"), [release("r1", "live")])
    two = release("r2", "live")
    run(ada, other, project, two, [release("r1", "good"), two])

    newest, oldest = listed(ada, project)
    assert ("r2", "live", "web4") == (newest["name"], newest["state"], newest["runner"])
    assert ("r1", "good", "web4", job["id"]) == (
        *(oldest["name"], oldest["state"], oldest["runner"]),
        oldest["job_id"],
    )


def test_report_of_too_many_tells_the_newest_and_nothing_of_the_rest(ada, project, runner):
    run(ada, runner, project, release("first", "good"))
    many = [release(f"r{number}", "good") for number in range(MOST + 1)]
    run(ada, runner, project, None, many)

    found = listed(ada, project, limit=100)

    assert ("r100", "r1") == (found[0]["name"], found[-1]["name"])
    assert "good" == states_of(ada, project)["first"]


def states_of(ada, project):
    last = ada.read(f"/api/projects/{project['id']}/releases", limit=100)
    rest = listed(ada, project, before=last["next"])
    return {one["name"]: one["state"] for one in rest}


def test_names_that_a_database_may_mix_up_are_left_out(ada, project, runner):
    run(ada, runner, project, None, [release("r1", "good"), release("r1 ", "live")])

    assert {"r1": "good"} == states(ada, project)


@pytest.mark.parametrize("later", [False, True])
def test_late_report_counts_unless_a_later_job_has_told_more(ada, project, runner, clock, later):
    lost = make_job(ada, project)
    claim(runner, lost)
    for _ in range(7):  # so that nobody takes the backend for dead
        clock.move(seconds=50)
        ada.read("/api/jobs")
    assert "runner_lost" == ada.read(f"/api/jobs/{lost['id']}")["reason"]
    if later:
        run(ada, runner, project, release("r2", "live"), [release("r2", "live")])

    made = release("r1", "live")
    data = report(release=made, releases=[made])
    answer = runner.post(
        f"/api/runner/jobs/{lost['id']}/status", status="completed", claim_id="claim-1", data=data
    )

    assert (410, "claim_lost") == refusal(answer)
    assert ({"r2": "live"} if later else {"r1": "live"}) == states(ada, project)


def test_list_is_paged_and_belongs_to_an_environment(ada, project, runner):
    for number in range(3):
        run(ada, runner, project, release(f"r{number}", "good"))
    path = f"/api/projects/{project['id']}/releases"

    first = ada.read(path, limit=2)
    second = ada.read(path, limit=2, before=first["next"])

    assert ["r2", "r1", "r0"] == [one["name"] for one in first["releases"] + second["releases"]]
    assert second["next"] is None
    assert [] == listed(ada, project, environment="staging")


def test_project_is_deleted_with_releases_that_no_job_made(ada, project, runner):
    run(ada, runner, project, None, [release("found", "live")])

    assert {"deleted": True} == ada.write(f"/api/projects/{project['id']}/delete")
