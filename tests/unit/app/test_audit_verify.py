"""`flask deployr audit verify` finds whatever was done to the log behind the backend's back."""

import re

import pytest
from sqlalchemy import delete, insert, select, update

from app import create_app
from app.extensions import db
from app.models import AuditEvent, AuditHead
from app.services import audit_check
from app.services.audit import Act, digest_of, record
from app.services.transactions import transaction
from tests.support.databases import at, empty_database

write = transaction(record)
EVENTS = db.metadata.tables[AuditEvent.__tablename__]
COUNT = 7


@pytest.fixture(autouse=True)
def _small_bites(monkeypatch):
    monkeypatch.setattr(audit_check, "_BITE", 3)


@pytest.fixture
def flask(app):
    """The command, over a log of COUNT events."""
    with app.app_context():
        for number in range(1, COUNT + 1):
            write(Act.JOB_CREATED, "user:1 ada", f"job:{number} shop", user_id=1, project_id=1)
    return lambda *args: app.test_cli_runner().invoke(args=["deployr", "audit", *args])


@pytest.fixture
def tamper(app):
    """Execute statements as somebody with the database's password does."""

    def run(*statements):
        with app.app_context(), db.engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)

    return run


@pytest.fixture
def read(app):
    def rows():
        with app.app_context():
            return [dict(row) for row in db.session.execute(select(EVENTS)).mappings()]

    return rows


def change(number, **values):
    return update(AuditEvent).where(AuditEvent.id == number).values(**values)


def broken(done):
    assert 1 == done.exit_code, done.output
    assert 1 == len(done.stderr.splitlines()), done.output
    return done.stderr


def test_untouched_log_is_unbroken_and_its_newest_event_is_printed(flask, read):
    done = flask("verify")

    newest = read()[-1]
    assert (0, f"{COUNT}:{newest['hash']}\n") == (done.exit_code, done.stdout)
    assert f"Unbroken: {COUNT} events." in done.stderr
    assert 0 == flask("verify", "--expect", done.stdout.strip()).exit_code


def test_log_without_events_is_unbroken(app):
    done = app.test_cli_runner().invoke(args=["deployr", "audit", "verify"])

    assert (0, f"0:{'0' * 64}\n") == (done.exit_code, done.stdout)


@pytest.mark.parametrize(
    ("column", "number"),
    [("actor", 1), ("actor", COUNT), *((name, 4) for name in EVENTS.columns.keys()[1:])],
)
def test_change_of_any_column_is_found(flask, tamper, read, clock, column, number):
    other = {"at": clock.now.replace(microsecond=1), "user_id": None, "project_id": 2,
             "detail": '{"a":1}', "before": "f" * 64, "hash": "f" * 64}  # fmt: skip

    tamper(change(number, **{column: other.get(column, "x")}))

    assert f"Event {number} was changed" in broken(flask("verify"))


@pytest.mark.parametrize("number", [1, 4, COUNT])
def test_removed_event_is_found(flask, tamper, number):
    tamper(delete(AuditEvent).where(AuditEvent.id == number))

    assert f"Event {number} is missing" in broken(flask("verify"))


def test_swapped_events_are_found(flask, tamper):
    tamper(change(2, id=100), change(5, id=2), change(100, id=5))

    assert "Event 2 was changed" in broken(flask("verify"))


def forged(row, **values):
    made = {**row, **values}
    return {**made, "hash": digest_of(made)}


def test_event_with_a_new_hash_is_found_at_the_next_one(flask, tamper, read):
    row = forged(read()[3], actor="user:2 bob")
    tamper(change(4, actor=row["actor"], hash=row["hash"]))

    assert "Event 5 does not follow 4" in broken(flask("verify"))


@pytest.mark.parametrize("number", [-1, 0])
def test_event_before_the_first_is_found(flask, tamper, read, number):
    tamper(insert(EVENTS).values(forged(read()[0], id=number)))

    assert f"Event {number} was never written" in broken(flask("verify"))


def test_event_behind_the_newest_is_found(flask, tamper, read):
    row = read()[-1]
    tamper(insert(EVENTS).values(forged(row, id=COUNT + 1, before=row["hash"])))

    assert f"Event {COUNT + 1} was not written by the backend" in broken(flask("verify"))


def test_missing_head_is_found(flask, tamper):
    tamper(delete(AuditHead))

    assert "The row of audit_head is missing" in broken(flask("verify"))


def test_newest_event_of_another_hash_than_the_head_has_is_found(flask, tamper, read):
    row = forged(read()[-1], actor="user:2 bob")
    tamper(change(COUNT, actor=row["actor"], hash=row["hash"]))

    assert f"Event {COUNT} is not as the head has it" in broken(flask("verify"))


def test_all_events_gone_is_found(flask, tamper):
    tamper(delete(AuditEvent))

    assert f"Event 1 is missing, and all up to {COUNT}" in broken(flask("verify"))


def test_end_cut_off_with_a_head_to_fit_is_found_by_who_noted_it(flask, tamper, read):
    noted = flask("verify").stdout.strip()
    tamper(
        delete(AuditEvent).where(AuditEvent.id > 4),
        update(AuditHead).values(event_id=4, hash=read()[3]["hash"]),
    )

    assert 0 == flask("verify").exit_code  # what docs/audit.md says that it can't see
    assert f"Event 5 is missing, and all up to {COUNT}" in broken(
        flask("verify", "--expect", noted)
    )


def test_log_computed_anew_is_found_by_who_noted_it(flask, tamper, read):
    noted = flask("verify").stdout.strip()
    before, changes = "0" * 64, []
    for row in read():
        new = forged(row, actor="user:2 bob", before=before)
        changes.append(change(row["id"], **new))
        before = new["hash"]
    tamper(*changes, update(AuditHead).values(hash=before))

    assert 0 == flask("verify").exit_code
    assert f"Event {COUNT} is not as it was noted down" in broken(
        flask("verify", "--expect", noted)
    )


@pytest.mark.parametrize("text", ["7", "7:abc", "x:" + "0" * 64])
def test_what_no_run_has_printed_is_a_usage_error(flask, text):
    assert 2 == flask("verify", "--expect", text).exit_code


def test_events_that_come_meanwhile_do_no_harm(app, flask, monkeypatch):
    rows = audit_check._rows

    def slowly():
        for row in rows():
            yield row
            if row["id"] == COUNT:
                write(Act.JOB_CREATED, "user:1 ada", "job:9 shop")

    with app.app_context():
        monkeypatch.setattr(audit_check, "_rows", slowly)
        assert audit_check.verify().id >= COUNT


@pytest.mark.parametrize(
    "how", ["at = 'long ago'", "detail = x'ff'", "actor = CAST(x'ff' AS TEXT)", "user_id = 'me'"]
)
def test_what_can_not_be_read_is_found(tmp_path, how):
    """Only SQLite keeps a value of any type in any column."""
    app = create_app({"TESTING": True} | at(empty_database("sqlite")))
    with app.app_context():
        for number in range(5):
            write(Act.JOB_CREATED, "user:1 ada", f"job:{number} shop")
        with db.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE audit_events SET {how} WHERE id = 4")
        with pytest.raises(audit_check.BrokenError, match=r"vent (4|after event 3) was changed"):
            audit_check.verify()


def test_events_are_shown_newest_first(flask):
    lines = flask("show", "--limit", "2").output.splitlines()

    first = lines[0].split("\t")
    assert (2, "7", "user:1 ada", "job.created", "job:7 shop", "local", "{}") == (
        len(lines), first[0], *first[2:]
    )  # fmt: skip
    assert re.fullmatch(r"2026-..-..T..:..:..Z", first[1])
