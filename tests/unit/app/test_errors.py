"""Refusals are problem+json below /api/ and pages elsewhere."""

import pytest
from sqlalchemy.exc import OperationalError

from app import create_app
from app.extensions import db
from app.services.transactions import RacedError, transaction
from deployr.wire import MAX_BODY_BYTES
from tests.factories import make_user
from tests.support.backend import refusal
from tests.support.databases import at


def _post(ada, data, content_type="application/json"):
    headers = {"Authorization": f"Bearer {ada.token}", "Content-Type": content_type}
    return ada.app.test_client().post("/api/projects", data=data, headers=headers)


def test_unknown_path(anyone):
    assert (404, "not_found") == refusal(anyone.get("/api/nothing"))
    assert "text/html" == anyone.get("/nothing").mimetype


@pytest.mark.parametrize("number", ["0", "-1", "x", str(2**63), "٣"])
def test_impossible_id(ada, number):
    assert (404, "not_found") == refusal(ada.get(f"/api/projects/{number}"))
    assert (404, "not_found") == refusal(ada.post(f"/api/projects/{number}"))


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_only_get_and_post(app, method):
    answer = getattr(app.test_client(), method)("/api/projects")

    assert (405, "method_not_allowed") == refusal(answer)
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json(ada, kind):
    assert (415, "unsupported_media_type") == refusal(_post(ada, b"{}", kind))


def test_charset_is_allowed(ada):
    answer = _post(ada, b"{}", "application/json; charset=utf-8")

    assert (422, "invalid") == refusal(answer)


@pytest.mark.parametrize("body", [b"", b"{", b'"\\ud800"', b"\xff", b'{"name": NaN}'])
def test_broken_json(ada, body):
    assert _post(ada, body).status_code in {400, 422}


@pytest.mark.parametrize("body", [b"null", b"[]", b"1"])
def test_body_that_is_no_object(ada, body):
    assert (422, "invalid") == refusal(_post(ada, body))


def test_large_body(ada):
    body = b'{"name": "%s"}' % (b"x" * MAX_BODY_BYTES)

    assert (413, "body_too_large") == refusal(_post(ada, body))


def test_bug_is_a_problem_without_details(database):
    app = create_app(at(database))
    app.add_url_rule("/api/bug", view_func=lambda: str(1 / 0))

    answer = app.test_client().get("/api/bug")

    assert (500, "internal_server_error") == refusal(answer)
    assert "division" not in answer.text


def test_database_that_does_not_answer(app):
    def fail():
        raise OperationalError("SELECT secret", {}, Exception("gone"))

    app.add_url_rule("/api/fail", view_func=fail)
    answer = app.test_client().get("/api/fail")

    assert (503, "database_unavailable") == refusal(answer)
    assert "secret" not in answer.text
    assert "5" == answer.headers["Retry-After"]


def test_connections_that_are_all_in_use(make_app):
    """Fewer than threads: who waited in vain asks again."""
    app = make_app(
        SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1}
    )
    user = make_user(app)
    with app.app_context(), db.engine.connect():
        answer = user.get("/api/user")

    assert (503, "database_unavailable") == refusal(answer)
    assert "5" == answer.headers["Retry-After"]
    assert 200 == user.get("/api/user").status_code


def test_change_that_always_came_too_late(app):
    """Others were faster at each of its tries: the client asks again."""

    @transaction
    def lose():
        raise RacedError

    app.add_url_rule("/api/lose", view_func=lose)
    answer = app.test_client().get("/api/lose")

    assert (503, "busy") == refusal(answer)
    assert "5" == answer.headers["Retry-After"]
