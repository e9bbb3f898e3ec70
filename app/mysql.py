"""What connections to MySQL, MariaDB and Galera need, at as few round trips as can be."""

import time
from contextlib import suppress

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

TRUSTED_SECONDS = 1.0
"""A connection that was in use so lately is there: to ask costs a round trip a request."""

_USED = "deployr_used"
_IN_TRANSACTION = 1
"""The bit SERVER_STATUS_IN_TRANS of the protocol's status flags."""


def tend_connections(engine: Engine) -> None:
    """Look after the connections of an engine."""
    event.listen(engine, "connect", _wait_for_cluster)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ask_idle)
    event.listen(engine, "reset", _end_transaction)


def _wait_for_cluster(connection: DBAPIConnection, _: object) -> None:
    """On Galera see at each transaction's start all that the other servers have committed.

    A job that was claimed by one server must not look unclaimed on the next.
    """
    cursor = connection.cursor()
    cursor.execute("SHOW VARIABLES LIKE 'wsrep_on'")
    found = cursor.fetchone()
    if found is not None and found[1] == "ON":
        cursor.execute("SET SESSION wsrep_sync_wait = 7")  # before reads and writes of any kind
    cursor.close()


def _end_transaction(connection: DBAPIConnection, *_: object) -> None:
    """End what a failed COMMIT left open.

    The server says with each answer whether a transaction is open: to roll back in any case costs a
    round trip a request.
    """
    if connection.server_status & _IN_TRANSACTION:
        connection.rollback()


def _note_use(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[_USED] = time.time()


def _ask_idle(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: object) -> None:
    """Have a connection replaced that the server, or a firewall, has closed meanwhile."""
    used = entry.info.get(_USED)
    if used is None or time.time() - used < TRUSTED_SECONDS:
        return
    try:
        connection.ping(reconnect=False)
    except Exception as error:
        with suppress(Exception):
            connection.close()
        raise DisconnectionError from error
