"""Two reports of one runner about the same releases at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from app.extensions import db
from app.models import Release
from tests.factories import COMMIT, claim, make_job, report
from tests.support.backend import refusal


@pytest.fixture
def before_releases_are_written():
    """Do something once, at the moment when new releases have been found to be unknown."""
    waiting: list = []

    def listen(session, *_):
        if waiting and any(isinstance(one, Release) for one in session.new):
            waiting.pop()()

    event.listen(db.session, "before_flush", listen)
    yield waiting.append
    event.remove(db.session, "before_flush", listen)
    assert [] == waiting


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)  # SQLite has one writer at a time
def test_each_release_is_known_once(ada, project, runner, clock, before_releases_are_written):
    """The late report of a lost job comes into that of the job which followed it."""
    lost, following = make_job(ada, project), make_job(ada, project)
    claim(runner, lost)
    for _ in range(7):  # so that nobody takes the backend for dead
        clock.move(seconds=50)
        ada.read(f"/api/jobs/{lost['id']}")
    claim(runner, following)
    names = ["r1", "r2"]
    standing = [{"name": name, "commit": COMMIT, "state": "good"} for name in names]

    def end(job):
        fields = {"status": "completed", "claim_id": "claim-1", "data": report(releases=standing)}
        return runner.post(f"/api/runner/jobs/{job['id']}/status", fields)

    with ThreadPoolExecutor(1) as thread:  # one's own session is at work already
        late = []
        before_releases_are_written(lambda: late.append(thread.submit(end, lost).result(60)))

        assert 200 == end(following).status_code
    assert (410, "claim_lost") == refusal(late[0])
    found = ada.read(f"/api/projects/{project['id']}/releases")["releases"]
    assert names[::-1] == [one["name"] for one in found]
