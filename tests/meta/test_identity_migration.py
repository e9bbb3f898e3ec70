"""Revision 0005 with what a backend of the revision before holds: nothing of it is lost."""

from datetime import UTC, datetime

import flask_migrate
from sqlalchemy import text

from app.extensions import db

NOW = datetime(2026, 2, 3, 18, tzinfo=UTC).replace(tzinfo=None)
AT = "created_at, updated_at) VALUES ({}, :now, :now)"
ROWS = (
    "INSERT INTO users (id, name, email, github_login, role, "
    + AT.format("1, 'Ada', 'ada@one.example', 'Ada-L', 'user'"),
    "INSERT INTO users (id, name, email, github_login, role, "
    + AT.format("2, 'Ada', 'ada-l@two.example', NULL, 'user'"),
    "INSERT INTO users (id, name, email, github_login, role, "
    + AT.format("3, 'X', '\u00fc+.@three.example', NULL, 'user'"),
    (
        "INSERT INTO api_tokens (id, user_id, name, token, last_four, created_at) "
        "VALUES (1, 1, 'laptop', 'digest', 'abcd', :now)"
    ),
    "INSERT INTO runners (id, user_id, name, name_key, token, labels, capacity, "
    + AT.format("1, 1, 'web', 'web', 'digest', '', 1"),
    "INSERT INTO projects (id, user_id, name, repo_url, target, branch, runner_id, "
    + AT.format("1, 1, 'shop', 'https://git.example/a.git', 'vps', 'main', 1"),
)
SMALL_TOKEN = (
    "INSERT INTO api_tokens (id, user_id, name, token, scope, last_four, created_at) "
    "VALUES (2, 1, 'ci', 'other', 'read', 'abcd', :now)"
)


def _rows(query):
    with db.engine.begin() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_rows_survive_it_both_ways(app):
    flask_migrate.upgrade(revision="0004")
    with db.engine.begin() as connection:
        for statement in ROWS:
            connection.execute(text(statement), {"now": NOW})

    flask_migrate.upgrade()
    handles = _rows("SELECT id, handle FROM users ORDER BY id")
    assert [(1, "ada-l"), (2, "ada-l-2"), (3, "user")] == handles
    assert [("digest", "admin", None)] == _rows("SELECT token, scope, prefix FROM api_tokens")
    assert [("web", 1, None)] == _rows(
        "SELECT r.name, p.id, r.old_token FROM runners r JOIN projects p ON p.runner_id = r.id"
    )

    with db.engine.begin() as connection:
        connection.execute(text(SMALL_TOKEN), {"now": NOW})
        connection.execute(text("UPDATE users SET role = 'blocked' WHERE id = 3"))
    flask_migrate.downgrade(revision="0004")
    # What the code before can't tell apart must not become more than it was.
    assert [(1, False), (2, True)] == [
        (token, revoked is not None)
        for token, revoked in _rows("SELECT id, revoked_at FROM api_tokens ORDER BY id")
    ]
    assert [("blocked:3",)] == _rows("SELECT github_id FROM users WHERE id = 3")
    flask_migrate.upgrade()
    assert handles == _rows("SELECT id, handle FROM users ORDER BY id")
