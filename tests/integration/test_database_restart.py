"""MariaDB goes away in the middle of a job and comes back: the job goes on and nothing lies."""

import random
import time
from collections import Counter
from contextlib import ExitStack

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from app import mysql
from app.clock import utcnow
from app.extensions import db
from app.models import DeploymentJob, User
from app.services.transactions import transaction
from deployr.wire import Report
from tests.support.clerks import Clerk, Customer, Worker
from tests.support.databases import migrate
from tests.support.live import HandRunner, LiveBackend
from tests.support.mariadb import MariaDb

PATIENCE_SECONDS = 120
REPO = "https://git.example/ada/shop.git"


@pytest.fixture(scope="module")
def server():
    with MariaDb("--innodb-flush-log-at-trx-commit=1") as server:
        yield server


@pytest.fixture
def backend(server):
    url = server.create_database()
    migrate(url)
    with LiveBackend(DEPLOYR_DATABASE_URL=url) as backend:
        yield backend


@pytest.fixture
def project_id(backend):
    return backend.ask("POST", "/api/projects", {"name": "shop", "repo_url": REPO}).json()["id"]


@pytest.fixture
def worker(backend, project_id):
    runner = HandRunner(backend)
    backend.ask("POST", "/api/jobs", {"project_id": project_id})
    return Worker(runner, runner.claim_next()[0])


@pytest.fixture
def customer(backend, project_id):
    return Customer(backend, project_id)


@pytest.fixture
def clerks(backend, worker, customer):
    """Everybody who talks to the backend meanwhile."""
    with ExitStack() as stack:
        clerks = [
            Clerk(worker.send, worker.read),
            Clerk(customer.create, customer.read),
            Clerk(lambda: backend.ask("GET", "/api/runner/jobs", token=worker.runner.token)),
            Clerk(lambda: backend.ask("GET", f"/api/jobs/{worker.job_id}?log_from=0")),
        ]
        for clerk in clerks:
            clerk.start()
            stack.callback(clerk.stop)
        yield clerks


def _wait(clerks, what):
    """Wait until each of them has been served or refused twice more: asked and answered since."""
    goals = [(clerk, clerk.answers[what] + 2) for clerk in clerks]
    until = time.monotonic() + PATIENCE_SECONDS
    while any(clerk.answers[what] < goal for clerk, goal in goals):
        assert [] == [clerk.surprise for clerk in clerks if clerk.surprise]
        assert time.monotonic() < until, [clerk.answers for clerk in clerks]
        time.sleep(0.02)


def _break(server, clerks, *, kill):
    _wait(clerks, "served")
    server.go_down(kill=kill)
    _wait(clerks, "refused")
    server.come_up()
    _wait(clerks, "served")


def _check_end(backend, worker, customer):
    """The job completes, its log is whole, and each key has made one job."""
    while worker.acked < len(worker.log):
        worker.read(worker.runner.log(worker.job_id, worker.log[worker.acked :], worker.acked))
    worker.runner.finish(worker.job_id, Report(), len(worker.log))
    shown = backend.ask("GET", f"/api/jobs/{worker.job_id}").json()
    assert ("completed", None, True) == tuple(
        shown[name] for name in ("status", "reason", "logs_complete")
    )
    assert worker.log == shown["logs"]
    with backend.app.app_context():
        staging = select(DeploymentJob.id).where(DeploymentJob.environment == "staging")
        assert sorted(customer.made.values()) == sorted(db.session.scalars(staging))


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_job_goes_on_after_the_database_was_away(
    server, backend, worker, customer, clerks, *, kill
):
    _break(server, clerks, kill=kill)
    for clerk in clerks:
        clerk.stop()
    assert [] == [clerk.surprise for clerk in clerks if clerk.surprise]

    _check_end(backend, worker, customer)


def _add_user():
    now = utcnow()
    db.session.add(User(name="Bob", email="bob@example.com", created_at=now, updated_at=now))


def _lose_connection():
    """End the session's connection on the server."""
    number = db.session.scalar(text("SELECT CONNECTION_ID()"))
    with db.engine.connect() as other:
        other.execute(text(f"KILL {number}"))


def _count_users():
    return db.session.scalar(select(func.count()).select_from(User))


def test_transaction_whose_connection_is_lost_is_run_again(backend):
    runs = []

    @transaction
    def work():
        runs.append(1)
        _add_user()
        db.session.flush()
        if len(runs) == 1:
            _lose_connection()
        return _count_users()

    with backend.app.app_context():
        assert 2 == work()
    assert 2 == len(runs)


def test_commit_whose_connection_is_lost_is_left_to_the_client(backend):
    """Nobody knows whether it was done; run again here it might be done twice."""
    runs = []

    @transaction
    def work():
        runs.append(1)
        _add_user()
        db.session.flush()
        _lose_connection()

    with backend.app.app_context():
        with pytest.raises(OperationalError):
            work()
        assert 1 == _count_users()
    assert 1 == len(runs)


def test_answer_outlives_a_connection_that_is_lost_right_after_it(backend):
    """All is committed by then: to end what was only read needs no database."""

    def lose(answer):
        _lose_connection()
        return answer

    backend.app.after_request(lose)

    assert [200, 200] == [backend.ask("GET", "/api/user").status_code for _ in range(2)]


def test_connection_that_died_while_nobody_used_it_is_replaced(backend, monkeypatch):
    """A hoster ends it after seconds; a request that comes later must not meet its end."""
    monkeypatch.setattr(mysql, "TRUSTED_SECONDS", 0)
    with backend.app.app_context():
        _lose_connection()

    assert [200, 200] == [backend.ask("GET", "/api/user").status_code for _ in range(2)]


def test_no_request_leaves_a_transaction_open(backend, server):
    backend.ask("GET", "/api/user")
    backend.ask("POST", "/api/projects", {"name": "no/good", "repo_url": REPO})
    backend.ask("POST", "/api/projects", {"name": "shop", "repo_url": REPO})
    with server._connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.innodb_trx")
        assert (0,) == cursor.fetchone()


def test_pool_ends_what_is_left_open_and_asks_no_more(backend):
    def rollbacks(connection):
        return int(connection.exec_driver_sql("SHOW STATUS LIKE 'Com_rollback'").one()[1])

    with backend.app.app_context(), db.engine.connect() as first:
        left = db.engine.raw_connection()
        number = left.thread_id()
        left.cursor().execute("UPDATE users SET name = 'Eve'")
        left.close()
        assert "Eve" not in first.scalars(select(User.name)).all()
        with db.engine.connect() as again:
            assert number == again.connection.thread_id()
            before = rollbacks(again)
            again.commit()
        with db.engine.connect() as again:
            assert number == again.connection.thread_id()
            assert 1 == before == rollbacks(again)


@pytest.mark.soak
def test_job_goes_on_after_the_database_was_away_often(
    server, backend, worker, customer, clerks, soak
):
    chance = random.Random(soak.seed)
    times = soak.examples(30)
    for _ in range(times):
        _break(server, clerks, kill=chance.random() < 0.5)
        time.sleep(chance.random())
    for clerk in clerks:
        clerk.stop()
    assert [] == [clerk.surprise for clerk in clerks if clerk.surprise]

    _check_end(backend, worker, customer)
    answers: Counter[str] = sum((clerk.answers for clerk in clerks), Counter())
    soak.tell(f"{times} restarts, answers {dict(answers)}, {len(worker.log)} bytes of log")
