"""Polls: what a runner is told, how often it should ask, what it costs."""

from sqlalchemy import event

from app.extensions import db
from tests.factories import claim, make_job, make_project, make_runner
from tests.support.backend import refusal


def test_idle_poll(runner):
    answer = runner.read("/api/runner/jobs", slots=1, protocol=1)

    assert 0.5 <= answer.pop("poll_after") <= 0.6
    assert {
        "job_id": None,
        "project": None,
        "candidates": [],
        "cancel": [],
        "now": "2026-02-03T18:00:00Z",
    } == answer


def test_poll_shows_the_first_candidate_as_the_first_architecture_did(ada, runner):
    project = make_project(ada, name="shop", framework="laravel")
    job = make_job(ada, project, branch="release")

    answer = runner.read("/api/runner/jobs")

    expected = {
        "id": project["id"],
        "name": "shop",
        "repo_url": project["repo_url"],
        "branch": "release",
        "framework": "laravel",
        "target": "vps",
    }
    assert (job["id"], expected) == (answer["job_id"], answer["project"])
    assert [{"job_id": job["id"], "project": expected}] == answer["candidates"]


def test_poll_does_not_claim(ada, project, runner):
    job = make_job(ada, project)
    runner.read("/api/runner/jobs")

    assert "queued" == ada.read(f"/api/jobs/{job['id']}")["status"]


def test_busy_runner_is_offered_nothing_but_hears_of_cancels(ada, runner):
    running = make_job(ada)
    claim(runner, running)
    ada.write(f"/api/jobs/{running['id']}/cancel")
    make_job(ada)

    answer = runner.read("/api/runner/jobs", slots=0)

    assert ([], [running["id"]]) == (answer["candidates"], answer["cancel"])


def test_jobs_of_others_are_not_offered(bob, runner):
    make_job(bob)

    assert runner.read("/api/runner/jobs")["job_id"] is None


def test_polling_runner_is_online_for_a_minute(ada, runner, clock):
    runner.read("/api/runner/jobs")
    assert "online" == ada.read("/api/runners")["runners"][0]["status"]

    clock.move(seconds=60)
    assert "offline" == ada.read("/api/runners")["runners"][0]["status"]


def test_many_runners_poll_less_often(ada, make_app):
    app = make_app(DEPLOYR_POLL_BUDGET=0.5)
    user = type(ada)(app, ada.token)
    runners = [make_runner(user) for _ in range(3)]
    for each in runners:
        each.read("/api/runner/jobs")

    assert 6 <= runners[0].read("/api/runner/jobs")["poll_after"] <= 7.2


def test_old_protocol_is_told_to_upgrade(runner):
    answer = runner.get("/api/runner/jobs", protocol=0)

    assert (426, "protocol_too_old") == refusal(answer)


def test_poll_ignores_what_newer_runners_ask(runner):
    assert 200 == runner.get("/api/runner/jobs", novelty=1).status_code


def test_poll_is_cheap_and_read_only(app, ada, project, runner):
    make_job(ada, project)
    runner.read("/api/runner/jobs")  # this one leaves a sign of life
    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))

    runner.read("/api/runner/jobs")

    selects = [each for each in statements if each.startswith("SELECT")]
    assert 3 == len(selects)
    assert [] == [each for each in statements if each.startswith(("UPDATE", "INSERT"))]


def _first_candidates(runner, polls):
    return {runner.read("/api/runner/jobs")["job_id"] for _ in range(polls)}


def _queue_for_label(user, count):
    projects = [make_project(user, runs_on="pool") for _ in range(count)]
    return [make_job(user, project)["id"] for project in projects]


def test_runners_that_share_a_label_do_not_all_run_for_one_job(ada):
    one, other = make_runner(ada, labels=["pool"]), make_runner(ada, labels=["pool"])
    other.read("/api/runner/jobs")
    jobs = _queue_for_label(ada, 8)

    found: set[int] = set()
    for _ in range(200):  # of sixteen three begin with another than the oldest
        found |= _first_candidates(one, 1)
        if len(found) > 1:
            break

    assert 1 < len(found)
    assert found <= set(jobs)


def test_lone_runner_of_a_label_gets_the_oldest_job(ada):
    runner = make_runner(ada, labels=["pool"])
    jobs = _queue_for_label(ada, 8)

    assert {jobs[0]} == _first_candidates(runner, 10)


def test_runner_of_a_label_always_hears_of_the_only_job(ada):
    one, other = make_runner(ada, labels=["pool"]), make_runner(ada, labels=["pool"])
    other.read("/api/runner/jobs")
    jobs = _queue_for_label(ada, 1)

    assert set(jobs) == _first_candidates(one, 20)
