"""Finished logs move out of the database, and read the same from wherever they are."""

import base64
import random
from pathlib import Path

import boto3
import pytest
from sqlalchemy import func, select

from app.clients.logstores import open_store
from app.extensions import db
from app.models import JobLog, OutboxJob
from app.schemas.status import StatusPost
from app.services import logs
from app.services.identity import runner_by_token
from app.services.news import News
from app.services.transactions import RacedError, transaction
from deployr.states import JobStatus
from tests.factories import chunk, claim, finish, make_job, make_project, make_runner, make_user
from tests.support.backend import refusal

SIZE = 700_000
TICK = "a-token-for-the-cron-of-tests"


@pytest.fixture(params=["file", "s3"])
def store(request, tmp_path):
    """Settings of a store of each kind."""
    if request.param == "file":
        return {"DEPLOYR_LOG_STORE": "file", "DEPLOYR_LOG_DIR": str(tmp_path / "logs")}
    url = request.getfixturevalue("s3")
    boto3.client("s3", endpoint_url=url).create_bucket(Bucket="logs")
    return {
        "DEPLOYR_LOG_STORE": "s3",
        "DEPLOYR_S3_BUCKET": "logs",
        "DEPLOYR_S3_PREFIX": "deployr/",
        "DEPLOYR_S3_URL": url,
    }


@pytest.fixture
def app(make_app, store):
    return make_app(DEPLOYR_TICK_TOKEN=TICK, **store)


@pytest.fixture
def log():
    """A log of several objects with lines of all lengths."""
    source = random.Random(7)
    return bytes(source.choices(b"abc \n", k=SIZE))


@pytest.fixture
def job(ada, project, runner, log):
    """A finished job whose whole log has come."""
    made = make_job(ada, project)
    claim(runner, made)
    path = f"/api/runner/jobs/{made['id']}/status"
    for off in range(0, SIZE, 60_000):
        piece = chunk(off, log[off : off + 60_000])
        runner.write(path, status="running", claim_id="claim-1", log=piece)
    finish(runner, made, log_final_bytes=SIZE)
    return made


def tick(app):
    headers = {"Authorization": f"Bearer {TICK}"}
    return app.test_client().post("/api/tick", headers=headers).json


def rows(app, model):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


def kept(store, job):
    """Return what the store holds of a job."""
    if store["DEPLOYR_LOG_STORE"] == "file":
        found = [str(path) for path in Path(store["DEPLOYR_LOG_DIR"]).rglob("*.gz")]
    else:
        client = boto3.client("s3", endpoint_url=store["DEPLOYR_S3_URL"])
        found = [one["Key"] for one in client.list_objects_v2(Bucket="logs").get("Contents", ())]
    return [key for key in found if f"/{job['id']}/" in key]


def test_moved_log_reads_the_same_in_whole_and_in_parts(app, ada, job, log):
    assert {"logs_moved": 1, "outbox_done": 0, "failed": 0} == tick(app)

    assert 0 == rows(app, JobLog)
    assert log.decode() == ada.read(f"/api/jobs/{job['id']}")["logs"]
    for start in (0, 1, 262_143, 262_144, 300_000, SIZE - 1, SIZE, SIZE + 9):
        part = ada.read(f"/api/jobs/{job['id']}", log_from=start)["log"]
        raw = base64.b64decode(part["data"])
        assert log[start : start + 262_144] == raw
        assert min(start, SIZE) + len(raw) == part["next"]


def test_moving_happens_once(app, job):
    tick(app)

    assert 0 == tick(app)["logs_moved"]


def test_log_that_may_still_grow_stays_for_an_hour(app, ada, project, runner, clock):
    made = make_job(ada, project)
    claim(runner, made)
    finish(runner, made, log_final_bytes=100)
    assert 0 == tick(app)["logs_moved"]

    clock.move(hours=1)

    assert 1 == tick(app)["logs_moved"]
    assert "" == ada.read(f"/api/jobs/{made['id']}")["logs"]


def test_nothing_is_added_to_a_moved_log(app, ada, runner, job, log):
    tick(app)
    late = {"status": "running", "claim_id": "claim-1", "log": chunk(SIZE, b"more")}

    answer = runner.post(f"/api/runner/jobs/{job['id']}/status", late)

    assert (410, "claim_lost") == refusal(answer)
    assert log.decode() == ada.read(f"/api/jobs/{job['id']}")["logs"]


def test_log_that_is_moved_meanwhile_is_looked_at_again(app, job, runner):
    """A late piece was let in just before the move."""
    tick(app)

    with app.app_context():
        late = StatusPost(status=JobStatus.COMPLETED, claim_id="claim-1")
        news = News.unpack(runner_by_token(runner.token), job["id"], late)
        with pytest.raises(RacedError):
            transaction(logs.append)(news, SIZE, b"more")


def test_deleted_project_takes_its_moved_logs_along(app, ada, project, job, store):
    """Later, by another tick: the store may be away."""
    tick(app)
    ada.write(f"/api/projects/{project['id']}/delete")
    assert 1 == rows(app, OutboxJob)

    assert 1 == tick(app)["outbox_done"]

    assert 0 == rows(app, OutboxJob)
    assert [] == kept(store, job)


def test_project_that_is_deleted_during_a_move_leaves_nothing(
    app, ada, project, job, store, monkeypatch
):
    """What was written by then goes again."""

    def open_slow(kind, settings):
        found = open_store(kind, settings)
        put = found.put

        def put_late(key, data):
            ada.post(f"/api/projects/{project['id']}/delete")
            put(key, data)

        monkeypatch.setattr(found, "put", put_late)
        return found

    monkeypatch.setattr("app.services.archive.open_store", open_slow)

    assert {"logs_moved": 0, "outbox_done": 1, "failed": 1} == tick(app)

    assert [0, 0] == [rows(app, JobLog), rows(app, OutboxJob)]
    assert [] == kept(store, job)


def test_store_that_is_away_loses_nothing(make_app, tmp_path, log):
    """The directory is a file: logs stay in the database and the tick says so."""
    place = tmp_path / "place"
    place.write_text("")
    app = make_app(
        DEPLOYR_TICK_TOKEN=TICK, DEPLOYR_LOG_STORE="file", DEPLOYR_LOG_DIR=str(place / "logs")
    )
    ada = make_user(app)
    runner, made = make_runner(ada), make_job(ada, make_project(ada))
    claim(runner, made)
    finish(runner, made, logs="whole\n", log_final_bytes=6)

    assert {"logs_moved": 0, "outbox_done": 0, "failed": 1} == tick(app)
    assert "whole\n" == ada.read(f"/api/jobs/{made['id']}")["logs"]


def test_moved_log_that_can_not_be_reached_is_no_bug(app, ada, job, make_app):
    """The operator took the setting away: 503 with a code, not a traceback."""
    tick(app)
    bare = make_app()
    headers = {"Authorization": f"Bearer {ada.token}"}

    answer = bare.test_client().get(f"/api/jobs/{job['id']}", headers=headers)

    assert (503, "log_store_unavailable") == refusal(answer)
    assert int(answer.headers["Retry-After"]) > 0
