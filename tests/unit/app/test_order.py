"""First in, first out: one queued or running job a project and environment."""

import random

import pytest
from sqlalchemy import update

from app.extensions import db
from app.models import DeploymentJob
from app.services import polling
from deployr.states import JobStatus
from tests.factories import claim, finish, make_job, make_project


def _statuses(user, *jobs):
    return [user.read(f"/api/jobs/{job['id']}")["status"] for job in jobs]


def test_second_job_waits_for_the_first(ada, project):
    first, second = make_job(ada, project), make_job(ada, project)

    assert ["queued", "pending"] == _statuses(ada, first, second)
    assert first["id"] == ada.read(f"/api/jobs/{second['id']}")["waiting_for"]


def test_end_lets_the_oldest_waiting_job_go(ada, project, runner):
    first, second, third = (make_job(ada, project) for _ in range(3))
    claim(runner, first)
    finish(runner, first, "failed", reason="timeout")

    assert ["failed", "queued", "pending"] == _statuses(ada, first, second, third)


def test_cancel_lets_the_next_job_go(ada, project):
    first, second = make_job(ada, project), make_job(ada, project)

    ada.write(f"/api/jobs/{first['id']}/cancel")

    assert ["failed", "queued"] == _statuses(ada, first, second)


def test_cancelled_waiting_job_is_skipped(ada, project, runner):
    first, second, third = (make_job(ada, project) for _ in range(3))
    ada.write(f"/api/jobs/{second['id']}/cancel")
    claim(runner, first)
    finish(runner, first)

    assert ["completed", "failed", "queued"] == _statuses(ada, first, second, third)


def test_other_projects_and_environments_do_not_wait(ada, project):
    jobs = [
        make_job(ada, project),
        make_job(ada, project, environment="staging"),
        make_job(ada, make_project(ada)),
    ]

    assert ["queued"] * 3 == _statuses(ada, *jobs)


def test_plans_take_no_slot(ada, project):
    deploy = make_job(ada, project)
    plans = [make_job(ada, project, action="plan") for _ in range(2)]

    assert ["queued"] * 3 == _statuses(ada, deploy, *plans)


@pytest.fixture
def unpromoted(app, ada, project):
    """A job in line, as when the backend died between the end of another and its promotion."""
    first, second = make_job(ada, project), make_job(ada, project)
    with app.app_context():
        db.session.execute(
            update(DeploymentJob)
            .where(DeploymentJob.id == first["id"])
            .values(status=JobStatus.FAILED, slot_key=None)
        )
        db.session.commit()
    return second["id"]


def test_poll_heals_a_missed_promotion(runner, unpromoted):
    assert unpromoted == runner.read("/api/runner/jobs")["job_id"]


def test_of_many_runners_only_a_share_heals(runner, unpromoted, monkeypatch, clock):
    """The chores of thousands would cost more than their polls."""
    monkeypatch.setattr(polling, "TENDERS", 0.5)
    for chance, found in ((0.9, None), (0.1, unpromoted)):
        monkeypatch.setattr(random, "random", lambda chance=chance: chance)
        assert found == runner.read("/api/runner/jobs")["job_id"]
        clock.move(seconds=20)


def test_poll_offers_jobs_in_order(ada, runner):
    made = [make_job(ada)["id"] for _ in range(7)]

    offered = [each["job_id"] for each in runner.read("/api/runner/jobs")["candidates"]]

    assert made[:5] == offered
