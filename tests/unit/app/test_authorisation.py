"""What one user has is not in the lists of another; a token leaves a sign of life and no copy.

Who may call which route is in test_tenancy.py.
"""

import pytest

from app.extensions import db
from tests.factories import claim, make_job, make_project
from tests.support.backend import refusal


@pytest.fixture
def project_of_ada(ada, runner):
    project = make_project(ada)
    claim(runner, make_job(ada, project))
    return project


@pytest.mark.parametrize("things", ["projects", "jobs", "runners", "invitations"])
def test_lists_hold_only_ones_own_things(project_of_ada, bob, things):
    assert [] == bob.read(f"/api/{things}")[things]


def test_jobs_of_another_users_project_are_not_listed(project_of_ada, bob):
    answer = bob.get("/api/jobs", project_id=project_of_ada["id"])

    assert (404, "not_found") == refusal(answer)


def test_signs_of_life_are_written_at_most_each_fifteen_seconds(ada, runner, clock):
    runner.read("/api/runner/jobs")
    seen = []
    for _ in range(2):
        clock.move(seconds=14)
        runner.read("/api/runner/jobs")
        seen.append(ada.read("/api/runners")["runners"][0]["last_seen_at"])

    assert ["2026-02-03T18:00:00Z", "2026-02-03T18:00:28Z"] == seen


def test_tokens_are_not_in_the_database(app, ada, runner):
    with app.app_context(), db.engine.connect() as connection:
        rows = [
            str(row._mapping)
            for table in db.metadata.sorted_tables
            for row in connection.execute(table.select())
        ]

    assert not [row for row in rows if ada.token in row or runner.token in row]
