"""Revision 0004 with rows in the table: told twice before it, made by no job after it."""

import flask_migrate
import pytest
from sqlalchemy import text

from app import create_app
from app.commands import enable_migrations
from app.extensions import db
from tests.factories import (
    COMMIT,
    claim,
    finish,
    make_job,
    make_project,
    make_runner,
    make_user,
    report,
)
from tests.support.databases import KINDS, new_database

TOLD_AGAIN = """
INSERT INTO releases (project_id, environment, runner_id, job_id, name, commit_hash, state,
                      migrations, created_at)
SELECT project_id, environment, runner_id, :job, name, commit_hash, 'good', migrations, created_at
FROM releases
"""


@pytest.fixture(params=KINDS)
def app(request):
    app = create_app({"DEPLOYR_DATABASE_URL": new_database(request.param)})
    enable_migrations(app)
    with app.app_context():
        yield app
        db.engine.dispose()


def _rows():
    with db.engine.begin() as connection:
        found = connection.execute(text("SELECT name, job_id, state FROM releases ORDER BY id"))
        return [tuple(row) for row in found]


def test_rows_survive_it_both_ways(app):
    flask_migrate.upgrade()
    user = make_user(app)
    project, runner = make_project(user), make_runner(user)
    first, second = make_job(user, project), make_job(user, project)
    claim(runner, first)
    found, made = ({"name": name, "commit": COMMIT, "state": "live"} for name in ("found", "made"))
    finish(runner, first, data=report(release=made, releases=[found, made]))
    db.session.rollback()
    assert [("found", None, "live"), ("made", first["id"], "live")] == _rows()

    flask_migrate.downgrade(revision="0003")
    assert [("made", first["id"], "live")] == _rows()
    with db.engine.begin() as connection:
        connection.execute(text(TOLD_AGAIN), {"job": second["id"]})

    flask_migrate.upgrade()
    assert [("made", second["id"], "good")] == _rows()
