"""Alembic's entry: run the revisions on the database of the current Flask app."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Connection, event

from app.extensions import limits


def configure(**options: object) -> None:
    database = current_app.extensions["migrate"]
    context.configure(target_metadata=database.db.metadata, **database.configure_args, **options)


def run_offline() -> None:
    engine = current_app.extensions["migrate"].db.engine
    configure(url=engine.url.render_as_string(hide_password=False), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


@contextmanager
def foreign_keys_rest(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by way of a copy: other tables refer to nothing in between."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    # By the driver itself: within a transaction SQLite ignores it.
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def check_foreign_keys(connection: Connection) -> None:
    """Raise an error, which takes the migration back, when SQLite's rows refer to nothing."""
    if connection.dialect.name == "sqlite":
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if lost:
            raise RuntimeError(f"the migration leaves rows that refer to nothing: {lost[:5]}")


def wait_for_ever(_: object, __: object, ___: object, arguments: dict[str, object]) -> None:
    """Connect without what bounds the time of a request."""
    for name in limits():
        arguments.pop(name, None)


def run_online() -> None:
    engine = current_app.extensions["migrate"].db.engine
    event.listen(engine, "do_connect", wait_for_ever)
    with engine.connect() as connection:
        configure(connection=connection)
        with foreign_keys_rest(connection), context.begin_transaction():
            context.run_migrations()
            check_foreign_keys(connection)


if context.is_offline_mode():
    run_offline()
else:
    run_online()
