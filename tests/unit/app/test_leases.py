"""Jobs whose runner is gone end, and nobody is blamed for an outage of the backend itself."""

import pytest

from app.services.tick import tick
from tests.factories import COMMIT, chunk, claim, finish, make_job, make_runner, report
from tests.support.backend import refusal

LEASE = 300


@pytest.fixture
def job(ada, project, runner):
    made = make_job(ada, project)
    claim(runner, made)
    return made


def show(user, job):
    return user.read(f"/api/jobs/{job['id']}")


def post(runner, job, **fields):
    body = {"claim_id": "claim-1", "status": "running"} | fields
    return runner.post(f"/api/runner/jobs/{job['id']}/status", body)


def pass_time(clock, user, seconds):
    """Let time pass while somebody now and then talks to the backend."""
    for _ in range(seconds // 30):
        clock.move(seconds=30)
        user.read("/api/user")


def test_heartbeats_keep_a_job_for_ever(ada, runner, job, clock):
    for _ in range(20):
        pass_time(clock, ada, LEASE - 30)
        assert 200 == post(runner, job, timeout=86400).status_code

    assert "running" == show(ada, job)["status"]


def test_silent_runner_loses_its_job(ada, job, clock):
    pass_time(clock, ada, LEASE)

    shown = show(ada, job)
    assert ("failed", "runner_lost") == (shown["status"], shown["reason"])
    assert "No sign of life from the runner web1 for 300 s." in shown["detail"]
    assert "2026-02-03T18:05:00Z" == shown["completed_at"]


def test_poll_of_another_user_ends_it_and_lets_the_next_one_go(ada, bob, project, job, clock):
    """Nobody of the project's own has to come by."""
    second = make_job(ada, project)
    other = make_runner(bob)
    pass_time(clock, bob, LEASE)

    other.read("/api/runner/jobs")

    listed = {each["id"]: each["status"] for each in ada.read("/api/jobs")["jobs"]}
    assert {job["id"]: "failed", second["id"]: "queued"} == listed


def test_outage_of_the_backend_renews_all_leases_once(ada, runner, job, clock):
    """For an hour nobody got through: the runner has one more lease to come back."""
    clock.move(hours=1)
    assert "running" == show(ada, job)["status"]

    pass_time(clock, ada, LEASE - 30)
    assert "running" == show(ada, job)["status"]

    pass_time(clock, ada, 60)
    assert "runner_lost" == show(ada, job)["reason"]


def test_rare_looks_are_no_outage_for_ever(ada, job, clock):
    """Whoever looks once an hour seems to come after an outage each time."""
    for _ in range(24):
        assert "running" == show(ada, job)["status"]
        clock.move(hours=1)

    assert "runner_lost" == show(ada, job)["reason"]


def test_tick_blames_no_runner_for_a_web_server_that_is_down(app, ada, runner, job, clock):
    """Cron works also while no runner can get through."""
    clock.move(minutes=10)
    with app.app_context():
        tick(seconds=1)

    assert 200 == post(runner, job).status_code

    clock.move(days=1)
    with app.app_context():
        tick(seconds=1)

    assert (410, "claim_lost") == refusal(post(runner, job))


def test_lost_job_is_never_run_again(ada, runner, job, clock):
    pass_time(clock, ada, LEASE)

    assert [] == runner.read("/api/runner/jobs")["candidates"]
    assert (410, "claim_lost") == refusal(post(runner, job))
    assert "failed" == show(ada, job)["status"]


def test_late_result_is_told_and_changes_nothing(ada, runner, job, clock):
    """What lives on the server is told as it is, by detail and release."""
    pass_time(clock, ada, LEASE)
    show(ada, job)
    live = {"name": "20260203180000-1", "commit": COMMIT, "state": "good"}
    data = report(path="/srv/shop", release=live)

    for _ in range(2):
        assert (410, "claim_lost") == refusal(post(runner, job, status="completed", data=data))

    shown = show(ada, job)
    assert ("failed", "runner_lost") == (shown["status"], shown["reason"])
    assert ("completed", live["name"]) == (shown["late_result"], shown["release"])
    assert "No sign of life" in shown["detail"]


def test_log_of_a_lost_job_is_taken_for_an_hour(ada, runner, job, clock):
    pass_time(clock, ada, LEASE)
    show(ada, job)

    answer = post(runner, job, log=chunk(0, b"what it did\n"))

    assert ("failed", 12) == (answer.json["status"], answer.json["ack"])
    assert "what it did\n" == show(ada, job)["logs"]
    clock.move(hours=1)
    assert (410, "claim_lost") == refusal(post(runner, job, log=chunk(12, b"more")))


def test_log_of_a_lost_job_is_whole_only_when_its_runner_has_told_its_end(ada, runner, job, clock):
    pass_time(clock, ada, LEASE)
    show(ada, job)
    post(runner, job, log=chunk(0, b"what it did\n"))
    assert not show(ada, job)["logs_complete"]
    post(runner, job, status="completed", log_final_bytes=16)
    assert not show(ada, job)["logs_complete"]

    post(runner, job, log=chunk(12, b"more"))

    assert show(ada, job)["logs_complete"]


def test_hard_stop_ends_a_job_that_heartbeats_beyond_its_time(ada, runner, job, clock):
    """The runner's own limit (here ten minutes) and five minutes more."""
    post(runner, job, timeout=600)
    for _ in range(5):
        pass_time(clock, ada, 150)
        post(runner, job)
    assert "running" == show(ada, job)["status"]

    pass_time(clock, ada, 150)

    assert ("failed", "timeout") == (show(ada, job)["status"], show(ada, job)["reason"])


def test_client_without_heartbeats_has_the_whole_time_of_a_job(ada, project, runner, clock):
    """The seed's runner says nothing between running and completed."""
    made = make_job(ada, project)
    runner.write(f"/api/runner/jobs/{made['id']}/status", status="running")
    pass_time(clock, ada, 34 * 60)
    assert "running" == show(ada, made)["status"]

    pass_time(clock, ada, 60)

    assert "timeout" == show(ada, made)["reason"]


def test_finished_job_is_never_reaped(ada, runner, job, clock):
    finish(runner, job)

    pass_time(clock, ada, 3600)

    assert "completed" == show(ada, job)["status"]


def test_cancel_is_refused_once_the_release_is_live(ada, runner, job):
    post(runner, job, activated=True)

    assert (409, "already_live") == refusal(ada.post(f"/api/jobs/{job['id']}/cancel"))
    assert not show(ada, job)["cancel_requested"]


def test_twenty_lost_jobs_at_most_end_in_one_request(ada, clock, make_app):
    made = []
    for number in range(25):
        each = make_runner(ada, f"lost-{number}")
        made.append(make_job(ada, runner_project(ada, each)))
        claim(each, made[-1])
    pass_time(clock, ada, LEASE)

    show(ada, made[0])

    states = [each["status"] for each in ada.read("/api/jobs")["jobs"]]
    assert (20, 5) == (states.count("failed"), states.count("running"))


def runner_project(user, runner):
    """Return a project whose home is `runner`."""
    body = {"name": f"of-{runner.id}", "repo_url": "https://git.example/x", "runner_id": runner.id}
    return user.write("/api/projects", body)
