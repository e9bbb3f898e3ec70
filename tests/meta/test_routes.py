"""Every route says who may call it and what it speaks, and OpenAPI tells it all."""

import re
from pathlib import Path

import pytest

from app import create_app
from app.api import operation_of
from app.auth import checks_form, declared
from tests.support.backend import Api

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def app():
    return create_app({"DEPLOYR_DATABASE_URL": "sqlite://"})


def _routes(app):
    return [
        (method, rule.rule, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]


def _in_general(path):
    """`/api/jobs/<id:job_id>` and `/api/jobs/{id}` name the same route."""
    return re.sub(r"[<{][^>}]*[>}]", "{}", path)


def test_every_route_declares_who_may_call_it(app):
    silent = [path for _, path, view in _routes(app) if declared(view) is None]

    assert ["/static/<path:filename>"] == silent


def test_every_api_route_declares_what_it_speaks(app):
    silent = [path for _, path, view in _routes(app) if operation_of(view) is None]

    assert ["/api/openapi.json"] == [path for path in silent if path.startswith("/api/")]


def test_sessions_of_browsers_open_pages_and_never_the_api(app):
    by_session = {path for _, path, view in _routes(app) if declared(view) == "session"}

    assert not {path for path in by_session if path.startswith("/api/")}
    assert {"/", "/login", "/logout", "/account"} < by_session


def test_every_form_is_checked(app):
    """What a browser's cookie lets in, a page of somebody else could send."""
    unchecked = [
        path
        for method, path, view in _routes(app)
        if method == "POST" and not path.startswith("/api/") and not checks_form(view)
    ]

    assert [] == unchecked


def test_only_get_and_post_are_spoken(app):
    assert {"GET", "POST"} == {method for method, _, _ in _routes(app)}


def test_openapi_holds_exactly_the_api_routes(app):
    document = Api(app).read("/api/openapi.json")
    described = {
        (method.upper(), _in_general(path))
        for path, methods in document["paths"].items()
        for method in methods
    }

    assert {
        (method, _in_general(path)) for method, path, _ in _routes(app) if "/api/" in path
    } == described


def test_openapi_asks_for_a_token_wherever_the_view_does(app):
    document = Api(app).read("/api/openapi.json")
    schemes = {"user": {"userToken"}, "runner": {"runnerToken"}, "tick": {"tickToken"}}
    for method, path, view in _routes(app):
        if "/api/" not in path:
            continue
        described = document["paths"][re.sub(r"<\w+:(\w+)>", r"{\1}", path)][method.lower()]

        assert schemes.get(declared(view) or "", set()) == {
            name
            for choice in described["security"]
            if {} not in described["security"]
            for name in choice
        }


def test_protocol_document_names_exactly_the_api_routes(app):
    """docs/protocol.md is the contract for people: none missing, none made up."""
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    written = re.findall(r"`(GET|POST) (/api/[^`?]*[^`?/])(?:\?[^`]*)?`", text)
    told = {(method, _in_general(path)) for method, path in written}
    told.add(("GET", "/api/openapi.json"))

    assert {(m, _in_general(path)) for m, path, _ in _routes(app) if "/api/" in path} == told
