"""A whole job through the Lambda handler, by each kind of event."""

import base64
import importlib
import random
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app
from app.config import ConfigError
from app.extensions import db
from app.models import AuditEvent
from tests.factories import chunk, make_project, make_user
from tests.support.databases import at, empty_database
from tests.support.lambda_events import KINDS, Gateway

ROOT = Path(__file__).resolve().parents[2]
CLIENT = "203.0.113.7"


@pytest.fixture
def handler(monkeypatch):
    """The handler as Lambda loads it: settings in the environment."""
    for name, value in at(empty_database("mariadb")).items():
        monkeypatch.setenv(name, str(value))
    sys.modules.pop("app.serverless", None)
    return importlib.import_module("app.serverless").handler


@pytest.fixture
def app(handler):
    """The same backend, for what operators do."""
    app = create_app()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("as_binary", [False, True], ids=["text", "base64"])
@pytest.mark.parametrize("kind", KINDS)
def test_job_goes_through_and_its_log_is_whole(handler, app, kind, as_binary):
    user = make_user(app)
    project = make_project(user)
    gateway = Gateway(handler, kind, as_binary=as_binary)
    code = gateway.ask("POST", "/api/runners/codes", {}, user.token)[1]["code"]
    status, me = gateway.ask("POST", "/api/runner/register", {"code": code, "name": "web-1"})
    assert 201 == status
    made = gateway.ask("POST", "/api/jobs", {"project_id": project["id"]}, user.token)[1]
    status, poll = gateway.ask("GET", "/api/runner/jobs?slots=1&protocol=1", token=me["token"])
    assert (200, made["id"]) == (status, poll["job_id"])

    path = f"/api/runner/jobs/{made['id']}/status"
    log = random.Random(1).randbytes(100_000)  # no text at all
    body = {"status": "running", "claim_id": "claim-1"}
    for off in (0, 60_000):
        piece = chunk(off, log[off : off + 60_000])
        assert 200 == gateway.ask("POST", path, body | {"log": piece}, me["token"])[0]
    end = {"status": "completed", "claim_id": "claim-1", "log_final_bytes": len(log)}
    assert 200 == gateway.ask("POST", path, end, me["token"])[0]

    shown = gateway.ask("GET", f"/api/jobs/{made['id']}?log_from=0", token=user.token)[1]
    assert ("completed", True) == (shown["status"], shown["log"]["complete"])
    assert log == base64.b64decode(shown["log"]["data"])


@pytest.mark.parametrize("kind", KINDS)
def test_address_is_what_the_gateway_saw(handler, app, kind):
    """Not the first one of X-Forwarded-For, which a client may write itself."""
    user = make_user(app)
    gateway = Gateway(handler, kind, as_binary=False)
    assert 201 == gateway.ask("POST", "/api/runners/codes", {}, user.token)[0]
    with app.app_context():
        created = select(AuditEvent.address).where(AuditEvent.act == "runner.code_created")
        assert CLIENT == db.session.scalar(created)


@pytest.mark.parametrize("kind", KINDS)
def test_refusal_is_a_problem(handler, kind):
    status, problem = Gateway(handler, kind, as_binary=False).ask("GET", "/api/user")
    assert (401, "unauthorized") == (status, problem["code"])


@pytest.mark.parametrize("url", ["", "sqlite:////tmp/deployr.sqlite3"])
def test_function_without_a_database_server_says_what_is_missing(handler, monkeypatch, url):
    monkeypatch.setenv("DEPLOYR_DATABASE_URL", url)
    make_handler = sys.modules["app.serverless"].make_handler
    with pytest.raises(ConfigError, match="DEPLOYR_DATABASE_URL"):
        make_handler()


def test_what_the_extra_brings_is_not_imported_by_others():
    script = "import app, sys; assert 'apig_wsgi' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
