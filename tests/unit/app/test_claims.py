"""Claim, heartbeat and end: one job, one runner, one final state."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DatabaseError

from app.extensions import db
from app.models import DeploymentJob
from tests.factories import (
    COMMIT,
    claim,
    finish,
    make_job,
    make_runner,
    report,
)
from tests.support.backend import refusal


@pytest.fixture
def job(ada, project, runner):
    return make_job(ada, project)


def _post(runner, job, **fields):
    return runner.post(f"/api/runner/jobs/{job['id']}/status", {"claim_id": "claim-1"} | fields)


def test_claim_starts_the_job(ada, runner, job):
    answer = claim(runner, job)

    shown = ada.read(f"/api/jobs/{job['id']}")
    assert ("running", "running") == (answer["status"], shown["status"])
    assert (runner.id, "web1") == (shown["runner_id"], shown["runner"])
    assert "2026-02-03T18:00:00Z" == shown["started_at"]


def test_claim_tells_the_runner_its_duties(runner, job):
    answer = claim(runner, job)

    expected = {"cancel": False, "lease_seconds": 300, "interval": 15, "ack": 0}
    expected["log_cap"] = 5 * 1024 * 1024
    assert expected.items() <= answer.items()


def test_repeated_claim_gets_the_same_answer(runner, job):
    assert claim(runner, job) == claim(runner, job)


def test_heartbeat_after_the_first_log_carries_no_payload(runner, job):
    claim(runner, job)

    answer = _post(runner, job, status="running", logs="building\n").json

    assert "payload" not in answer


def test_other_runner_can_not_claim_a_running_job(ada, project, runner, job):
    claim(runner, job)
    other = make_runner(ada)

    for status in ("running", "completed"):
        assert (409, "not_claimable") == refusal(_post(other, job, status=status))


def test_other_claim_of_the_same_runner_is_lost(runner, job):
    claim(runner, job)

    for status in ("running", "failed"):
        answer = _post(runner, job, status=status, claim_id="claim-2")

        assert (410, "claim_lost") == refusal(answer)


def test_pending_job_is_not_claimable(ada, project, runner, job):
    second = make_job(ada, project)

    for status in ("running", "completed"):
        assert (409, "not_claimable") == refusal(_post(runner, second, status=status))


def test_expired_job_is_not_claimable(runner, job, clock):
    clock.move(hours=25)

    assert (409, "not_claimable") == refusal(_post(runner, job, status="running"))


def test_job_of_another_user_is_not_found(bob, job):
    assert (404, "not_found") == refusal(_post(make_runner(bob), job, status="running"))


def test_client_without_claim_id_gets_a_claim_bound_to_itself(ada, runner, job):
    path = f"/api/runner/jobs/{job['id']}/status"

    assert "running" == runner.write(path, status="running")["status"]
    assert "running" == runner.write(path, status="running")["status"]
    assert "completed" == runner.write(path, status="completed")["status"]
    assert (409, "not_claimable") == refusal(make_runner(ada).post(path, status="running"))


def test_heartbeats_come_often_while_somebody_follows_the_log(ada, runner, job, clock):
    claim(runner, job)
    ada.read(f"/api/jobs/{job['id']}", log_from=0)

    assert 2 == claim(runner, job)["interval"]
    clock.move(seconds=16)
    assert 15 == claim(runner, job)["interval"]


def test_completed_job_tells_what_the_runner_reported(ada, runner, job, clock):
    claim(runner, job)
    clock.move(seconds=45)
    told = {
        "path": "/var/www/my-app",
        "url": "https://shop.example",
        "commit": COMMIT,
        "release": {"name": "20260203180045-1", "commit": COMMIT, "state": "live"},
        "steps": [{"name": "build", "seconds": 12.5}, {"name": "switch", "seconds": 0.25}],
    }
    finish(runner, job, data=report(**told), exit_code=0)

    shown = ada.read(f"/api/jobs/{job['id']}")
    expected = {
        "status": "completed",
        "reason": None,
        "exit_code": 0,
        "path": "/var/www/my-app",
        "url": "https://shop.example",
        "commit": COMMIT,
        "release": "20260203180045-1",
        "steps": [
            {"name": "build", "seconds": 12.5, "ok": True},
            {"name": "switch", "seconds": 0.25, "ok": True},
        ],
        "seconds": 45,
        "completed_at": "2026-02-03T18:00:45Z",
        "deployed_at": "2026-02-03 18:00:45",
        "logs_complete": True,
    }
    assert expected.items() <= shown.items()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("timeout", "timeout"), (None, "exit_nonzero"), ("of_a_newer_runner", "internal")],
)
def test_failed_job_has_a_reason(ada, runner, job, sent, kept):
    claim(runner, job)
    finish(runner, job, "failed", reason=sent, exit_code=7, data=report(detail="no disk"))

    shown = ada.read(f"/api/jobs/{job['id']}")

    assert ("failed", kept, 7, "no disk", None) == (
        *(shown[name] for name in ("status", "reason", "exit_code", "detail", "deployed_at")),
    )


def test_same_end_again_is_welcome(runner, job):
    claim(runner, job)

    assert finish(runner, job) == finish(runner, job)


def test_another_end_is_refused(ada, runner, job):
    claim(runner, job)
    finish(runner, job)

    assert (409, "job_finished") == refusal(_post(runner, job, status="failed"))
    assert "completed" == ada.read(f"/api/jobs/{job['id']}")["status"]


def test_heartbeat_after_the_end_is_told_to_stop(runner, job):
    claim(runner, job)
    finish(runner, job)

    assert (410, "claim_lost") == refusal(_post(runner, job, status="running"))


def test_plan_is_never_deployed(ada, project, runner):
    plan = make_job(ada, project, action="plan")
    claim(runner, plan)
    finish(runner, plan)

    assert ada.read(f"/api/jobs/{plan['id']}")["deployed_at"] is None


def test_link_that_is_no_web_address_is_dropped(ada, runner, job):
    claim(runner, job)
    finish(runner, job, data=report(url="javascript:alert(1)"))

    assert ada.read(f"/api/jobs/{job['id']}")["url"] is None


def test_numbers_no_database_can_hold_do_not_block_the_end(ada, runner, job):
    claim(runner, job)
    release = {"name": "r", "commit": COMMIT, "state": "live", "migrations": 2**70}
    told = report(release=release, steps=[{"name": "build", "seconds": 1e300}] * 300)

    assert "completed" == finish(runner, job, data=told)["status"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "pending"),
        ("status", None),
        ("data", "not base64!"),
        ("exit_code", 2**40),
        ("claim_id", ""),
    ],
)
def test_bad_field_is_named(runner, job, field, value):
    claim(runner, job)

    answer = _post(runner, job, **({"status": "completed"} | {field: value}))

    assert (422, "invalid") == refusal(answer)
    assert field == answer.json["errors"][0]["field"]


def test_fields_of_newer_runners_are_ignored(runner, job):
    assert 200 == _post(runner, job, status="running", novelty={"a": 1}).status_code


def test_database_of_the_tests_refuses_an_illegal_transition(app, runner, job):
    """So every other test watches the states too."""
    claim(runner, job)
    finish(runner, job)
    back = update(DeploymentJob).where(DeploymentJob.id == job["id"]).values(status="queued")

    with app.app_context(), pytest.raises(DatabaseError, match="illegal transition"):
        db.session.execute(back)
