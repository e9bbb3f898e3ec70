"""Jobs as their owners create, list and cancel them."""

import base64

import pytest

from deployr.wire import JobSpec
from tests.factories import (
    COMMIT,
    claim,
    encoded,
    finish,
    make_job,
    make_project,
    make_runner,
    make_spec,
)
from tests.support.backend import refusal


def test_new_job_is_pending_even_when_first_in_line(ada, project):
    job = make_job(ada, project)

    assert ("pending", None) == (job["status"], job["waiting_for"])
    assert "queued" == ada.read(f"/api/jobs/{job['id']}")["status"]


def test_new_job_has_all_fields(ada, project):
    job = make_job(ada, project, commit="abc123")

    assert {
        "id": job["id"],
        "project_id": project["id"],
        "project": "shop",
        "environment": "production",
        "action": "deploy",
        "status": "pending",
        "reason": None,
        "detail": None,
        "branch": "main",
        "commit": "abc123",
        "runner_id": None,
        "runner": None,
        "path": None,
        "url": None,
        "release": None,
        "exit_code": None,
        "steps": [],
        "cancel_requested": False,
        "waiting_for": None,
        "triggered_by": "Ada",
        "logs_complete": False,
        "created_at": "2026-02-03T18:00:00Z",
        "started_at": None,
        "completed_at": None,
        "deployed_at": None,
        "seconds": None,
        "waits": "waits for its turn",
        "late_result": None,
        "params": {},
    } == job


def test_shown_job_has_its_logs_as_text(ada, project):
    job = make_job(ada, project)

    assert "" == ada.read(f"/api/jobs/{job['id']}")["logs"]


def test_branch_comes_from_the_project_and_commit_may_stay_open(ada):
    project = make_project(ada, branch="release")

    job = make_job(ada, project)

    assert ("release", None) == (job["branch"], job["commit"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("commit", "xyz"),
        ("commit", "abc"),
        ("branch", "a..b"),
        ("environment", "a b"),
        ("action", "destroy"),
        ("project_id", "1"),
        ("project_id", True),
        ("signature", "SSHSIG without payload"),
        ("typo", 1),
    ],
)
def test_bad_field_is_named(ada, project, field, value):
    answer = ada.post("/api/jobs", {"project_id": project["id"], field: value})

    assert (422, "invalid") == refusal(answer)
    assert [field] == [error["field"] for error in answer.json["errors"]]


def test_list_leaves_out_what_is_long(ada, project):
    make_job(ada, project)

    (job,) = ada.read("/api/jobs")["jobs"]

    assert not {"steps", "detail", "logs"} & job.keys()


def test_list_filters_by_project_environment_and_status(ada, project):
    make_job(ada)
    wanted = make_job(ada, project, environment="staging")
    make_job(ada, project, environment="staging")
    make_job(ada, project)

    query = {"project_id": project["id"], "environment": "staging", "status": "queued"}

    assert [wanted["id"]] == [each["id"] for each in ada.read("/api/jobs", **query)["jobs"]]


def test_list_is_paged_newest_first(ada, project):
    made = [make_job(ada, project)["id"] for _ in range(3)]

    first = ada.read("/api/jobs", limit=2)
    second = ada.read("/api/jobs", limit=2, before=first["next"])

    assert made[::-1] == [each["id"] for each in first["jobs"] + second["jobs"]]
    assert second["next"] is None


def test_pending_and_queued_jobs_are_cancelled_at_once(ada, project):
    queued, pending = make_job(ada, project), make_job(ada, project)

    for job in (pending, queued):
        cancelled = ada.write(f"/api/jobs/{job['id']}/cancel")

        assert ("failed", "cancelled") == (cancelled["status"], cancelled["reason"])
        assert cancelled["logs_complete"]


def test_running_job_is_only_asked_to_stop(ada, project, runner):
    job = make_job(ada, project)
    claim(runner, job)

    asked = ada.write(f"/api/jobs/{job['id']}/cancel")

    assert ("running", True) == (asked["status"], asked["cancel_requested"])
    assert [job["id"]] == runner.read("/api/runner/jobs")["cancel"]
    assert claim(runner, job)["cancel"]


def test_finished_job_is_not_cancelled(ada, project, runner):
    job = make_job(ada, project)
    claim(runner, job)
    finish(runner, job)

    assert (409, "job_finished") == refusal(ada.post(f"/api/jobs/{job['id']}/cancel"))


def test_payload_reaches_the_runner_byte_for_byte(ada, project, runner):
    payload = b" " + make_spec(project).to_bytes() + b"\n"
    job = make_job(ada, project, payload=encoded(payload), signature="SSHSIG")

    answer = claim(runner, job)

    assert (encoded(payload), "SSHSIG") == (answer["payload"], answer["signature"])
    assert COMMIT == job["commit"]


@pytest.mark.parametrize(
    "fields",
    [
        {"project": "other"},
        {"project_id": 10**17},
        {"repo": "https://git.example/eve/shop"},
        {"branch": "evil"},
        {"commit": "f" * 40},
        {"environment": "staging"},
        {"action": "rollback"},
    ],
)
def test_payload_that_says_something_else_is_refused(ada, project, fields):
    spec = make_spec(project, **fields)
    body = {"branch": "main", "commit": COMMIT, "environment": "production", "action": "deploy"}

    answer = ada.post(
        "/api/jobs",
        {"project_id": project["id"], "payload": encoded(spec.to_bytes())} | body,
    )

    assert (422, "payload_mismatch") == refusal(answer)
    assert [f"payload.{name}" for name in fields] == [e["field"] for e in answer.json["errors"]]


@pytest.mark.parametrize("payload", ["?", encoded(b"{}"), encoded(b'{"v":1,"v":1}')])
def test_unreadable_payload_is_refused(ada, project, payload):
    answer = ada.post("/api/jobs", project_id=project["id"], payload=payload)

    assert (422, "invalid") == refusal(answer)


def test_payload_is_accepted_once(ada, project):
    payload = encoded(make_spec(project).to_bytes())
    make_job(ada, project, payload=payload)

    answer = ada.post("/api/jobs", project_id=project["id"], payload=payload)

    assert (409, "nonce_used") == refusal(answer)


def test_job_for_somebody_elses_project_is_refused(ada, bob):
    theirs = make_project(bob)

    assert (404, "not_found") == refusal(ada.post("/api/jobs", project_id=theirs["id"]))


def test_job_nobody_takes_expires_and_lets_the_next_one_go(ada, project, clock):
    first = make_job(ada, project)
    clock.move(hours=23)
    second = make_job(ada, project)
    clock.move(hours=2)

    assert "expired_in_queue" == ada.read(f"/api/jobs/{first['id']}")["reason"]
    assert "queued" == ada.read(f"/api/jobs/{second['id']}")["status"]


def test_poll_expires_jobs_too(ada, project, clock, runner):
    make_job(ada, project)
    clock.move(hours=25)

    assert runner.read("/api/runner/jobs")["job_id"] is None
    assert ["failed"] == [each["status"] for each in ada.read("/api/jobs")["jobs"]]


def test_server_written_payload_is_marked_unsigned(ada, project):
    make_job(ada, project, commit="abc123")

    spec = _spec_seen_by(make_runner(ada))

    assert spec.unsigned
    assert ("shop", "abc123", "production") == (spec.project, spec.commit, spec.environment)


def _spec_seen_by(runner):
    job_id = runner.read("/api/runner/jobs")["job_id"]
    return JobSpec.from_bytes(base64.b64decode(claim(runner, {"id": job_id})["payload"]))
