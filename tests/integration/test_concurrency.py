"""Sixteen claimers, half of them with shared runners, on one queue: every job is done once, and one a project at a time."""

import random
import threading
import time
from itertools import groupby, pairwise

import pytest
from sqlalchemy import select

from app import create_app
from app.extensions import db
from app.models import DeploymentJob
from tests.factories import make_job, make_member, make_project, make_runner, make_user
from tests.support.backend import Api
from tests.support.databases import KINDS, at, empty_database

CLAIMERS = 16
JOBS = 400
PROJECTS = 8
LIMIT_SECONDS = 240


class Claimer(threading.Thread):
    """Polls, claims and finishes as a runner does, until nothing is left."""

    def __init__(self, runner: Api, number: int) -> None:
        super().__init__()
        self._runner = runner
        self._claim_id = f"claim-{number}"
        self._random = random.Random(number)
        self.claimed: list[int] = []
        self.surprise: Exception | None = None

    def run(self) -> None:
        until = time.monotonic() + LIMIT_SECONDS
        try:
            while time.monotonic() < until and self._some_are_left():
                for found in self._candidates():
                    self._try(found["job_id"])
        except Exception as error:  # noqa: BLE001 - the test shows it
            self.surprise = error

    def _candidates(self):
        found = self._runner.read("/api/runner/jobs")["candidates"]
        return self._random.sample(found, len(found))

    def _some_are_left(self):
        with self._runner.app.app_context():
            unfinished = DeploymentJob.status.not_in(["completed", "failed"])
            return db.session.scalar(select(DeploymentJob.id).where(unfinished).limit(1))

    def _try(self, job_id):
        path = f"/api/runner/jobs/{job_id}/status"
        answer = self._runner.post(path, status="running", claim_id=self._claim_id)
        if answer.status_code == 200:
            self.claimed.append(job_id)
            body = {"status": "completed", "claim_id": self._claim_id, "logs": "done\n"}
            self._runner.write(path, body)
        else:  # another claimer was faster, maybe one with the same token
            assert answer.status_code in {409, 410}, answer.text


@pytest.fixture(params=KINDS)
def app(request):
    app = create_app({"TESTING": True} | at(empty_database(request.param)))
    yield app
    with app.app_context():
        db.engine.dispose()


def _run(runners):
    claimers = [Claimer(runners[number % len(runners)], number) for number in range(CLAIMERS)]
    for claimer in claimers:
        claimer.start()
    for claimer in claimers:
        claimer.join()
    return claimers


def _overlaps(jobs):
    """Return pairs of jobs of one project of which the second began before the first ended."""
    ordered = sorted(jobs, key=lambda job: (job.project_id, job.started_at))
    return [
        (first.id, second.id)
        for _, group in groupby(ordered, key=lambda job: job.project_id)
        for first, second in pairwise(group)
        if second.started_at < first.completed_at
    ]


def test_every_job_is_done_once_and_one_at_a_time(app):
    user, friend = make_user(app), make_user(app, "Bob")
    projects = [make_project(user, runs_on="pool") for _ in range(PROJECTS)]
    runners = [make_runner(owner, labels=["pool"]) for owner in (user, user, friend, friend)]
    for project in projects:
        make_member(project, friend)
        for runner in runners[2:]:
            friend.write(f"/api/runners/{runner.id}/share", project_id=project["id"])
    made = [make_job(user, projects[number % PROJECTS])["id"] for number in range(JOBS)]

    claimers = _run(runners)

    with app.app_context():
        jobs = list(db.session.scalars(select(DeploymentJob)))
        assert [] == [claimer.surprise for claimer in claimers if claimer.surprise]
        assert sorted(made) == sorted(job for claimer in claimers for job in claimer.claimed)
        assert {"completed"} == {job.status for job in jobs}
        assert [] == _overlaps(jobs)
