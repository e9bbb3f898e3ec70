"""The database: declarative base, session and what each engine needs to behave the same."""

import sqlite3
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Connection, CursorResult, Executable, MetaData, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase

from app.mysql import tend_connections

WRITES = "deployr_writes"
"""Execution option of a connection whose transaction is going to write."""

ANSWER_SECONDS = 20
"""How long the database may take over a statement: one on a frozen host never answers.

A cluster that loses a server takes about six seconds.
"""
ROW_SECONDS = 10
"""How long a statement waits for a row that another one holds; it is run again then."""
_SQLITE_WAIT_MS = 10_000
_LOCAL_HOSTS = {None, "", "localhost", "127.0.0.1", "::1"}


class Base(DeclarativeBase):
    """Parent of all models; names its constraints so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)


def execute(statement: Executable, values: Mapping[str, Any]) -> CursorResult[*tuple[Any, ...]]:
    """Execute a statement that deals in columns, in the session's transaction.

    The session's own way looks for objects to load, for a tenth of a poll's time. Nothing that was
    added to the session is flushed before.
    """
    return db.session.connection().execute(statement, values)


def engine_options(url: URL, connections: int = 15, ca: str | None = None) -> dict[str, Any]:
    """Return the arguments of `create_engine` that fit the database behind `url`.

    `ca` is the file of the authority that vouches for a database on another machine.
    """
    if url.get_backend_name() == "sqlite":
        return {"hide_parameters": True}
    options: dict[str, Any] = {
        "hide_parameters": True,  # errors are logged, and values may be digests or addresses
        "pool_size": connections,
        "max_overflow": 0,  # hosts count connections and refuse one too many
        "pool_reset_on_return": None,  # app.mysql does it, where something is open
        "pool_recycle": 280,  # shared hosts drop connections that are idle for 300 s
        "isolation_level": "READ COMMITTED",
        "connect_args": {"charset": "utf8mb4", **limits()},
    }
    if url.host in _LOCAL_HOSTS:
        # PyMySQL's default TLS loads the CA bundle at each connect: 33 ms of CPU for nothing.
        options["connect_args"]["ssl_disabled"] = True
    elif not any(name.startswith("ssl") for name in url.query):
        options["connect_args"]["ssl"] = _tls(ca)
    return options


def limits() -> dict[str, Any]:
    """Return the arguments of a connection that bound what a request waits for.

    Migrations leave them out: to change a large table takes its time.
    """
    return {
        "read_timeout": ANSWER_SECONDS,
        "write_timeout": ANSWER_SECONDS,
        "init_command": f"SET SESSION innodb_lock_wait_timeout = {ROW_SECONDS}",
    }


@cache
def _tls(ca: str | None) -> ssl.SSLContext:
    """Return what checks the certificate of a database: one for all connections, for its price."""
    return ssl.create_default_context(cafile=ca)


def init_database(app: Flask) -> None:
    """Bind the session to the app and teach each database to wait for what it must."""
    db.init_app(app)
    app.teardown_appcontext(_end_session)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _configure_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)
        else:
            tend_connections(db.engine)


def _end_session(_: BaseException | None) -> None:
    """End what a request has read, before Flask-SQLAlchemy does the same and lets errors out.

    A database that goes away just then must not take the answer along: all is committed.
    """
    try:
        db.session.rollback()
    except DBAPIError:
        db.session().invalidate()


def _configure_sqlite(connection: DBAPIConnection, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):  # the driver's own BEGIN comes too late
        connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_SQLITE_WAIT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A reader that turns writer gets SQLITE_BUSY at once; so writers say so from the start."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
