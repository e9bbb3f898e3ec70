"""MariaDB keeps its port open and answers nothing: nobody waits for ever."""

import threading
import time

import flask_migrate
import pytest
from sqlalchemy import make_url

from app import create_app, extensions
from app.commands import enable_migrations
from tests.support.databases import at, migrate
from tests.support.live import LiveBackend
from tests.support.mariadb import MariaDb
from tests.support.statements import statements
from tools.demo.processes import pauses

SECONDS = 2
"""Instead of twenty."""
SHOP = {"name": "shop", "repo_url": "https://git.example/ada/shop.git"}


@pytest.fixture(scope="module")
def server():
    with MariaDb() as server:
        yield server


@pytest.fixture
def url(server):
    url = server.create_database()
    migrate(url)
    return url


@pytest.fixture
def backend(url, monkeypatch):
    monkeypatch.setattr(extensions, "ANSWER_SECONDS", SECONDS)
    with LiveBackend(DEPLOYR_DATABASE_URL=url) as backend:
        yield backend


@pytest.fixture
def administrator(server):
    """A cursor of another connection."""
    with server._connect() as connection, connection.cursor() as cursor:
        yield cursor


def lock(administrator, url, table):
    administrator.execute(f"LOCK TABLES {make_url(url).database}.{table} WRITE")


def unlock_late(server, administrator):
    """Unlock what somebody waits for, once he has waited longer than a request would."""
    with server._connect() as connection, connection.cursor() as watcher:
        while not watcher.execute(
            "SELECT 1 FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'"
        ):
            time.sleep(0.05)
    time.sleep(SECONDS + 0.5)
    administrator.execute("UNLOCK TABLES")


def check_refusal(answer):
    assert (503, "database_unavailable") == (answer.status_code, answer.json()["code"])


def served(backend, *request):
    """Return the status; a machine that stands still may make the database silent once more."""
    status = 0
    for _ in pauses(60):
        started = time.monotonic()
        status = backend.ask(*request).status_code
        if status != 503 or time.monotonic() - started < SECONDS:
            break
    return status


def test_request_is_refused_in_time_and_served_afterwards(server, backend):
    with server.frozen():
        check_refusal(backend.ask("GET", "/api/user"))

    assert 200 == served(backend, "GET", "/api/user")


def test_change_that_waited_in_vain_is_not_tried_again(backend, url, administrator):
    """As often as a transaction is tried it would hold its client, and leave statements behind."""
    lock(administrator, url, "projects")
    with statements(backend.app) as sent:
        started = time.monotonic()
        refused = backend.ask("POST", "/api/projects", SHOP)
        took = time.monotonic() - started
    administrator.execute("UNLOCK TABLES")

    check_refusal(refused)
    assert SECONDS <= took
    assert 1 == len([each for each in sent if "projects" in each]), sent
    assert 201 == served(backend, "POST", "/api/projects", SHOP)


def test_migration_waits_for_as_long_as_it_takes(server, url, administrator, monkeypatch):
    monkeypatch.setattr(extensions, "ANSWER_SECONDS", SECONDS)
    app = create_app(at(url))
    enable_migrations(app)
    lock(administrator, url, "alembic_version")
    thread = threading.Thread(target=unlock_late, args=(server, administrator))
    thread.start()
    with app.app_context():
        flask_migrate.upgrade()
    thread.join()


def test_row_that_another_holds_is_not_waited_for_as_long_as_an_answer(backend):
    with backend.app.app_context(), extensions.db.engine.connect() as connection:
        seconds = connection.exec_driver_sql("SELECT @@innodb_lock_wait_timeout").scalar()

    assert 10 == seconds
