"""The one way to write: a short transaction, tried again when the database says so."""

import random
import sqlite3
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import CursorResult, Result
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.errors import Away
from app.extensions import WRITES, db

P = ParamSpec("P")
T = TypeVar("T")

_PAUSES_MS = (10, 20, 40, 80, 160)
_MYSQL_TRANSIENT = {
    1213,  # deadlock, or lost against another node's write at commit
    1205,  # waited too long for a row
    1020,  # the row changed since this transaction's snapshot
    1047,  # this Galera node is not ready
}
_MYSQL_LOST = {
    2006,  # the connection was gone already
    2013,  # it broke while the statement ran
}
"""Nothing is written then, unless it was COMMIT that ran: only the client can repeat that."""


class RacedError(Away):
    """Another request changed the row in between: run the transaction again.

    After the last try the client may do so.
    """

    def __init__(self) -> None:
        super().__init__("busy", "Others changed the same at each try; try again.")


def transaction(work: Callable[P, T]) -> Callable[P, T]:
    """Make `work` one transaction that commits at its end and rolls back on any error.

    It may run several times, so it must read what it needs itself and touch nothing else.
    Transactions don't nest.
    """

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for pause in _PAUSES_MS:
            try:
                return _once(work, *args, **kwargs)
            except RacedError:
                pass
            except OperationalError as error:
                if not _is_transient(error):
                    raise
            # Jitter: those who collided must not meet again.
            time.sleep(random.uniform(pause / 2, pause) / 1000)  # noqa: S311
        return _once(work, *args, **kwargs)

    return run


def _once(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    session = db.session()
    if session.info.get(WRITES):
        raise RuntimeError("transactions don't nest")
    session.info[WRITES] = True
    try:
        _forget_reads(session)
        result = work(*args, **kwargs)
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info[WRITES] = False
    return result


def _forget_reads(session: Session) -> None:
    """Let the transaction read anew what the request has read before it.

    What has been read need not be committed: the next statement sees what others have committed
    meanwhile, and the round trip is saved. SQLite's writers must begin as such.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.commit()
        session.connection(execution_options={WRITES: True})
    else:
        session.expire_all()


def changed(result: Result[Any]) -> bool:
    """Tell whether a guarded UPDATE by id met its row in the expected state."""
    return isinstance(result, CursorResult) and result.rowcount == 1


def _is_transient(error: OperationalError) -> bool:
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    arguments = error.orig.args if error.orig else ()
    code = arguments[0] if arguments else None
    # COMMIT, and connecting, are no statements of ours. And who has waited for an answer in vain
    # (`limits`) would wait as long again, beside what may still run on the server.
    is_over = error.orig is not None and isinstance(error.orig.__context__, TimeoutError)
    is_lost = code in _MYSQL_LOST and error.statement is not None and not is_over
    return code in _MYSQL_TRANSIENT or is_lost
