"""Revision 0004 with rows in the table: told twice before it, made by no job after it."""

import flask_migrate
from sqlalchemy import text

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

TOLD_AGAIN = """
INSERT INTO releases (project_id, environment, runner_id, job_id, name, commit_hash, state,
                      migrations, created_at)
SELECT project_id, environment, runner_id, :job, name, commit_hash, 'good', migrations, created_at
FROM releases
"""


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
