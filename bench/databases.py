"""Databases that keep what they commit, as a production server does; the tests' ones need not."""

from collections.abc import Iterator
from contextlib import contextmanager

import flask_migrate
from flask import Flask

from app import create_app
from app.commands import enable_migrations
from app.extensions import db
from tests.support.databases import at, new_database
from tests.support.mariadb import MariaDb

DURABLE = ("--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=256M")


@contextmanager
def durable_mariadb() -> Iterator[str]:
    """Yield the URL of a database with all tables, each commit of which is on the disk."""
    with MariaDb(*DURABLE) as server:
        url = server.create_database()
        migrate(url)
        yield url


def sqlite() -> str:
    """Return the URL of a database file with all tables."""
    url = new_database("sqlite")
    migrate(url)
    return url


def migrate(url: str) -> None:
    """Create all tables in an empty database."""
    app: Flask = create_app(at(url))
    enable_migrations(app)
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()
