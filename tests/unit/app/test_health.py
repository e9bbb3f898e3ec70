"""Whether the backend lives, and whether it can serve."""

import pytest
from sqlalchemy import text

from app.extensions import db
from deployr import __version__
from tests.support.backend import Api, refusal


@pytest.fixture
def revision(app):
    """Write what the database says about its migrations, for the time of the test."""
    with app.app_context():
        before = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()

        def write(number):
            db.session.execute(text("UPDATE alembic_version SET version_num = :n"), {"n": number})
            db.session.commit()

        yield write
        write(before)


@pytest.fixture
def bare(make_app, tmp_path):
    """A backend whose database has no tables."""
    return Api(make_app(DEPLOYR_DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}"))


def test_alive(anyone):
    expected = {"status": "ok", "version": __version__, "protocol": 1, "revision": None}

    assert expected == anyone.read("/api/health")


def test_alive_whatever_the_database_does(make_app):
    away = make_app(DEPLOYR_DATABASE_URL="sqlite:////no/such/folder/deployr.sqlite3",
                    DEPLOYR_SECRET_KEY="s" * 32)  # fmt: skip

    assert "ok" == Api(away).read("/api/health")["status"]
    assert (503, "database_unavailable") == refusal(Api(away).get("/api/ready"))


def test_ready(anyone):
    assert {"status": "ok"} == anyone.read("/api/ready")


def test_not_ready_without_tables(bare):
    assert (503, "migrations_missing") == refusal(bare.get("/api/ready"))


def test_not_ready_before_the_last_migration(anyone, revision):
    revision("0004")

    assert (503, "migrations_missing") == refusal(anyone.get("/api/ready"))


def test_ready_when_the_database_is_ahead(anyone, revision):
    """The code of the release before goes on while the next one is put in place."""
    revision("9999")

    assert {"status": "ok"} == anyone.read("/api/ready")
