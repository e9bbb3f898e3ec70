"""Writes are tried again when the database says so, and leave nothing behind when they fail."""

import sqlite3
import threading

import pymysql
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.models import User
from app.services import transactions
from app.services.accounts import create_user
from app.services.transactions import RacedError, transaction


@pytest.fixture(autouse=True)
def _context(app, monkeypatch):
    monkeypatch.setattr(transactions, "_PAUSES_MS", (1,) * 5)
    with app.app_context():
        yield


def _busy(code):
    error = sqlite3.OperationalError(f"code {code}")
    error.sqlite_errorcode = code
    return error


def _failing(error, times):
    """Return a transaction that fails so many times, and what counts its runs."""
    runs = []

    @transaction
    def work():
        runs.append(1)
        if len(runs) <= times:
            raise error
        return "done"

    return work, runs


@pytest.mark.parametrize(
    "error",
    [
        *(pymysql.err.OperationalError(code, "again") for code in (1213, 1205, 1020, 1047)),
        *(pymysql.err.OperationalError(code, "lost") for code in (2006, 2013)),
        _busy(sqlite3.SQLITE_BUSY),
        _busy(sqlite3.SQLITE_BUSY_SNAPSHOT),
    ],
    ids=str,
)
def test_transient_errors_are_tried_again(error):
    work, runs = _failing(OperationalError("UPDATE", {}, error), times=5)

    assert "done" == work()
    assert 6 == len(runs)


def test_lost_race_is_run_again():
    work, _ = _failing(RacedError(), times=2)

    assert "done" == work()


@pytest.mark.parametrize(
    "error", [pymysql.err.OperationalError(1045, "denied"), _busy(sqlite3.SQLITE_FULL)], ids=str
)
def test_other_errors_are_raised_at_once(error):
    work, runs = _failing(OperationalError("UPDATE", {}, error), times=1)

    with pytest.raises(OperationalError):
        work()
    assert 1 == len(runs)


def test_lost_commit_is_not_tried_again():
    """It may have been done; it has no statement."""
    lost = pymysql.err.OperationalError(2013, "lost")
    work, runs = _failing(OperationalError(None, None, lost), times=1)

    with pytest.raises(OperationalError):
        work()
    assert 1 == len(runs)


def test_tries_come_to_an_end():
    work, runs = _failing(RacedError(), times=100)

    with pytest.raises(RacedError):
        work()
    assert 6 == len(runs)


def test_failed_work_leaves_nothing_behind(clock):
    @transaction
    def work():
        db.session.add(User(name="A", email="a@b", created_at=clock(), updated_at=clock()))
        db.session.flush()
        raise ValueError

    with pytest.raises(ValueError):
        work()
    assert 0 == db.session.scalar(select(func.count()).select_from(User))


def test_transactions_do_not_nest():
    @transaction
    def outer():
        transaction(lambda: None)()

    with pytest.raises(RuntimeError, match="nest"):
        outer()


def test_readers_turn_writers_without_deadlock(app):
    """On SQLite a reader that upgrades gets SQLITE_BUSY at once, whatever the timeout."""
    errors = []

    def work(number):
        try:
            with app.app_context():
                for step in range(10):
                    db.session.scalar(select(func.count()).select_from(User))
                    create_user("A", f"{number}-{step}@example.com")
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == errors
    assert 60 == db.session.scalar(select(func.count()).select_from(User))
