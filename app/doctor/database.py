"""The database: is it one that we know, and may we do there what we must?"""

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.config import settings
from app.doctor.finding import Finding, ok, problem, warning
from app.errors import Unavailable
from app.extensions import db
from app.services import health

OLDEST = {"MariaDB": (10, 6), "MySQL": (8, 0)}
PROCESSES = 6
"""That Passenger starts at most, unless the host says otherwise."""

_MAX_SKEW = timedelta(seconds=5)
_PROBE = (
    "CREATE TABLE {name} (id INT PRIMARY KEY, other INT)",
    "CREATE INDEX ix_probe ON {name} (other)",
    "ALTER TABLE {name} ADD CONSTRAINT fk_{name} FOREIGN KEY (other) REFERENCES {name} (id)",
    "INSERT INTO {name} (id) VALUES (1)",
    "UPDATE {name} SET other = NULL",
    "DELETE FROM {name}",
)


def check_server() -> Iterator[Finding]:
    """Version, rights, limits and clock of MariaDB or MySQL."""
    if db.engine.dialect.name == "sqlite":
        yield ok("The database is a file of SQLite: for one machine and few runners.")
        return
    try:
        with db.engine.connect() as connection:
            yield _version(connection)
            yield _rights(connection)
            yield _limit(connection)
            yield _clock(connection)
    except DBAPIError as error:
        yield problem(
            f"The database does not let us in: {error.orig}",
            "look at DEPLOYR_DATABASE_URL: host (at most hosts localhost), name and user with the "
            "account's prefix, and a password in which @ : / % are written as %40 %3A %2F %25",
        )


def check_migrations() -> Iterator[Finding]:
    """Whether its tables are those of this code."""
    try:
        health.check_database()
        yield ok("The database is up to date.")
    except Unavailable as error:
        yield problem(error.detail, "run `flask db upgrade`")
    except DBAPIError:
        return  # told by check_server
    finally:
        db.session.rollback()


def _version(connection: Connection) -> Finding:
    said = str(connection.scalar(text("SELECT VERSION()")))
    name = "MariaDB" if "MariaDB" in said else "MySQL"
    # For old replicas' sake some put 5.5.5- before MariaDB's own version.
    found = re.search(r"(\d+)\.(\d+)", said.removeprefix("5.5.5-"))
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if version < OLDEST[name]:
        least = ".".join(map(str, OLDEST[name]))
        return warning(
            f"{name} {said} is older than all that Deployr was tried with.",
            f"ask the host for {name} {least} or newer",
        )
    return ok(f"The database is {name} {said}.")


def _rights(connection: Connection) -> Finding:
    """Try out all that migrations and work need, in a table of our own that is removed again."""
    name = f"doctor_{secrets.token_hex(6)}"
    try:
        for statement in _PROBE:
            connection.exec_driver_sql(statement.format(name=name))
    except DBAPIError as error:
        missing = problem(
            f"The database's user lacks a right: {error.orig}",
            "give it ALL PRIVILEGES on this database (cPanel: Manage My Databases, Add User To "
            "Database)",
        )
        connection.rollback()
        _drop(connection, name)
        return missing
    left = _drop(connection, name)
    return left or ok("The database's user has the rights it needs.")


def _drop(connection: Connection, name: str) -> Finding | None:
    try:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
        connection.commit()
    except DBAPIError as error:
        connection.rollback()
        return problem(
            f"The database's user lacks a right, and the table {name} stays: {error.orig}",
            "give it ALL PRIVILEGES on this database, and drop that table",
        )
    return None


def _limit(connection: Connection) -> Finding:
    most = int(connection.scalar(text("SELECT @@SESSION.max_user_connections")) or 0)
    each = settings().db_connections
    if most and most < PROCESSES * each + 1:
        return warning(
            f"The database allows this user {most} connections; {PROCESSES} processes with up to "
            f"{each} each need more.",
            "set DEPLOYR_DB_CONNECTIONS=1 under Passenger (else to the threads of a process), or "
            "let fewer processes run",
        )
    room = f"{most} connections" if most else "as many connections as the server has"
    return ok(f"The database allows {room}; each process takes up to {each}.")


def _clock(connection: Connection) -> Finding:
    there = connection.scalar(text("SELECT UTC_TIMESTAMP(6)"))
    off = datetime.now(UTC) - datetime.fromisoformat(str(there)).replace(tzinfo=UTC)
    if abs(off) > _MAX_SKEW:
        return warning(
            f"The clocks of database and backend differ by {abs(off).total_seconds():.0f} s.",
            "ask the host to set both by NTP: times in logs and of leases mix them up",
        )
    return ok("The clocks of database and backend agree.")
