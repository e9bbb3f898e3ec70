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

LOCKED_SECONDS = 2


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
def impatient(monkeypatch):
    monkeypatch.setattr(extensions, "READ_SECONDS", 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/user", None),
        ("POST", "/api/projects", {"name": "shop", "repo_url": "https://git.example/ada/shop.git"}),
    ],
    ids=["read", "write"],
)
def test_requests_are_refused_in_time_and_served_afterwards(server, url, method, path, body):
    with LiveBackend(DEPLOYR_DATABASE_URL=url) as backend:
        with server.frozen():
            refused = backend.ask(method, path, body)

        assert (503, "database_unavailable") == (refused.status_code, refused.json()["code"])
        assert backend.ask(method, path, body).ok


@pytest.mark.usefixtures("impatient")
def test_migration_waits_for_as_long_as_it_takes(server, url):
    app = create_app(at(url))
    enable_migrations(app)
    with server._connect() as connection, connection.cursor() as cursor, app.app_context():
        cursor.execute(f"LOCK TABLES {make_url(url).database}.alembic_version WRITE")
        started = time.monotonic()
        threading.Timer(LOCKED_SECONDS, cursor.execute, ["UNLOCK TABLES"]).start()
        flask_migrate.upgrade()

    assert time.monotonic() - started >= LOCKED_SECONDS
