"""Fixtures of the tests of migrations."""

import pytest

from app import create_app
from app.commands import enable_migrations
from app.extensions import db
from tests.support.databases import KINDS, at, new_database


@pytest.fixture(params=KINDS)
def app(request):
    """An app with an empty database of each kind, ready to be migrated."""
    app = create_app(at(new_database(request.param)))
    enable_migrations(app)
    with app.app_context():
        yield app
        db.engine.dispose()
