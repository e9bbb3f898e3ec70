"""The whole backend suite runs on SQLite and on MariaDB."""

import pytest
from moto.server import ThreadedMotoServer

from app import create_app
from app.extensions import db
from tests.factories import make_project, make_runner, make_user
from tests.support.backend import Api, Clock
from tests.support.databases import KINDS, at, empty_database
from tests.support.github import FakeGithub


@pytest.fixture(params=KINDS)
def database(request):
    return empty_database(request.param)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_app(database, clock):
    apps = []

    def make(**settings):
        config = {"TESTING": True, "CLOCK": clock} | at(database)
        app = create_app(config | settings)
        apps.append(app)
        return app

    yield make
    for app in apps:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def app(make_app):
    return make_app()


@pytest.fixture
def anyone(app):
    return Api(app)


@pytest.fixture
def ada(app):
    return make_user(app, "Ada")


@pytest.fixture
def bob(app):
    return make_user(app, "Bob")


@pytest.fixture
def project(ada):
    return make_project(ada, name="shop")


@pytest.fixture
def runner(ada):
    return make_runner(ada, "web1")


@pytest.fixture
def github():
    with FakeGithub() as server:
        yield server


@pytest.fixture
def settings(github):
    """Those of a backend that uses this GitHub."""
    return github.settings()


@pytest.fixture(scope="session")
def s3_server():
    """URL of something that speaks like S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_keys(monkeypatch):
    """What boto3 takes from the process's variables."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def s3(s3_server, s3_keys):
    return s3_server
