"""No code of the backend changes or deletes what is in the audit log."""

import ast
import re
from pathlib import Path

import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import OperationalError

from app import create_app
from app.extensions import db
from app.models import AuditEvent
from app.services import audit_check
from tests.factories import claim, finish, make_job, make_project, make_runner, make_user
from tests.support import databases
from tests.support.databases import KINDS, at, empty_database

ROOT = Path(__file__).resolve().parents[2]
WRITES = "app/services/audit.py"
READS = {"app/services/audit_check.py", "app/services/audit_view.py", "app/blueprints/audit.py"}
MODEL = {"app/models/audit.py", "app/models/__init__.py"}


def sources():
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in (ROOT / "app").rglob("*.py")
    }


def called(tree):
    """Return names of all functions that are called, of methods without what they belong to."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {getattr(call, "attr", getattr(call, "id", "")) for call in calls}


def test_events_are_known_only_to_what_adds_and_reads_them():
    known = {name for name, source in sources().items()
             if re.search(r"AuditEvent\b|audit_events|_EVENTS\b", source)}  # fmt: skip

    assert known == {WRITES} | READS | MODEL


def test_what_reads_them_writes_nothing():
    writing = {"add", "add_all", "delete", "insert", "update", "merge", "commit", "flush",
               "setattr", "exec_driver_sql", "text"}  # fmt: skip

    assert {} == {name: found for name in READS
                  if (found := called(ast.parse((ROOT / name).read_text())) & writing)}  # fmt: skip


def test_what_adds_them_updates_only_the_head():
    source = sources()[WRITES]
    updates = [ast.unparse(node) for node in ast.walk(ast.parse(source))
               if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "update"]  # fmt: skip

    assert ["update(_HEADS)"] == updates
    assert not called(ast.parse(source)) & {"delete", "merge", "text", "exec_driver_sql"}


def work_of_a_day(app):
    """Do what makes events, then what deletes everything else."""
    ada = make_user(app)
    runner = make_runner(ada)
    project = make_project(ada, name="shop")
    job = make_job(ada, project)
    claim(runner, job)
    ada.write(f"/api/jobs/{job['id']}/cancel")
    finish(runner, job, "failed", reason="cancelled")
    ada.write(f"/api/projects/{project['id']}", branch="next")
    ada.write(f"/api/projects/{project['id']}/delete")
    ada.write(f"/api/runners/{runner.id}/revoke")
    app.test_cli_runner().invoke(args=["deployr", "tick"])


@pytest.mark.parametrize("kind", KINDS)
def test_statements_of_a_day_only_add_events(kind):
    app = create_app({"TESTING": True} | at(empty_database(kind)))
    seen = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *told: seen.append(told[2]))
    work_of_a_day(app)

    about = [statement for statement in seen if "audit_events" in statement]
    assert {"INSERT", "SELECT"} >= {statement.split()[0] for statement in about} >= {"INSERT"}
    with app.app_context():
        assert audit_check.verify().id >= 7
        db.engine.dispose()


def with_few_rights(url):
    """Return `url` for a user who has only what docs/audit.md grants."""
    named = make_url(url)
    with databases._server()._connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER few@'127.0.0.1' IDENTIFIED BY 'few'")
        for table in db.metadata.tables:
            more = "" if table == AuditEvent.__tablename__ else ", UPDATE, DELETE"
            place = f"{named.database}.{table}"
            cursor.execute(f"GRANT SELECT, INSERT{more} ON {place} TO few@'127.0.0.1'")
    return named.set(username="few", password="few").render_as_string(hide_password=False)


def test_backend_works_without_the_right_to_change_events():
    app = create_app({"TESTING": True} | at(with_few_rights(empty_database("mariadb"))))
    work_of_a_day(app)

    with app.app_context():
        for statement in ("UPDATE audit_events SET actor = 'x'", "DELETE FROM audit_events"):
            with pytest.raises(OperationalError, match="command denied"):
                db.session.execute(text(statement))
            db.session.rollback()
        assert audit_check.verify().id >= 7
        db.engine.dispose()
