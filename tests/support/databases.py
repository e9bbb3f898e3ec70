"""The databases that the backend's tests run on: SQLite and a real MariaDB, with all tables.

Each is made once a process, when first asked for, and emptied before each use.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import flask_migrate
from sqlalchemy import create_engine, delete, make_url

from app import create_app
from app.commands import enable_migrations
from app.extensions import db, engine_options
from tests.support.mariadb import MariaDb
from tests.support.transitions import forbid_illegal_transitions

KINDS = ("sqlite", "mariadb")
SECRET_KEY = "of tests, which have nothing to hide"


def at(url: str) -> dict[str, object]:
    """Return the settings of a backend on this database, which may have many runners at once."""
    return {
        "DEPLOYR_DATABASE_URL": url,
        "DEPLOYR_SECRET_KEY": SECRET_KEY,
        "DEPLOYR_REGISTRATIONS_PER_MINUTE": 10**6,
    }


def empty_database(kind: str) -> str:
    """Return the URL of a database of this kind that has all tables and no rows."""
    url = _migrated(kind)
    engine = create_engine(url, **engine_options(make_url(url)))
    with engine.begin() as connection:
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(delete(table))
    engine.dispose()
    return url


def new_database(kind: str) -> str:
    """Return the URL of another database of this kind, without tables."""
    if kind == "mariadb":
        return _server().create_database()
    folder = Path(tempfile.mkdtemp(prefix="deployr-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return f"sqlite:///{folder / 'test.sqlite3'}"


def hosting_account(name: str, rights: str) -> str:
    """Return the URL of a database without tables whose user has these rights alone."""
    return _server().create_hosting_account(name, rights)


def migrate(url: str) -> None:
    """Create all tables in an empty database, and what watches over them in tests."""
    app = create_app(at(url))
    enable_migrations(app)
    with app.app_context():
        flask_migrate.upgrade()
        with db.engine.begin() as connection:
            forbid_illegal_transitions(connection)
        db.engine.dispose()


@cache
def _migrated(kind: str) -> str:
    url = new_database(kind)
    migrate(url)
    return url


@cache
def _server() -> MariaDb:
    server = MariaDb()
    atexit.register(server.stop)
    return server
