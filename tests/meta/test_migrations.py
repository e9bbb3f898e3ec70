"""Migrations lead to the models, can be undone, and form one line."""

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app.extensions import db


def _tables():
    return set(inspect(db.engine).get_table_names())


def test_up_down_and_up_again(app):
    flask_migrate.upgrade()
    made = _tables()
    flask_migrate.downgrade(revision="base")
    assert {"alembic_version"} == _tables()
    flask_migrate.upgrade()

    assert made == _tables() == set(db.metadata.tables) | {"alembic_version"}


def test_migrations_make_what_the_models_say(app):
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert [] == compare_metadata(context, db.metadata)


def test_every_table_has_a_primary_key():
    assert [] == [table.name for table in db.metadata.sorted_tables if not table.primary_key]


@pytest.mark.parametrize("app", ["mariadb"], indirect=True)
def test_text_compares_byte_for_byte_as_on_sqlite(app):
    flask_migrate.upgrade()
    options = {name: inspect(db.engine).get_table_options(name) for name in db.metadata.tables}

    collations = {
        each.get("mysql_collate") or each["mysql_default charset"] for each in options.values()
    }
    assert {"utf8mb4_bin"} == collations


def test_there_is_one_head(app):
    config = app.extensions["migrate"].migrate.get_config()

    assert 1 == len(ScriptDirectory.from_config(config).get_heads())
