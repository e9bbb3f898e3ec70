"""Headers of every answer: pages run what we wrote, data runs nothing."""

import re
from pathlib import Path

import pytest
from flask import render_template_string

from app.headers import _ALWAYS
from tests.support.backend import Api

PATHS = ["/", "/nothing", "/api/health", "/api/nothing", "/static/home.css", "/api/user"]
TEMPLATES = Path(__file__).resolve().parents[3] / "app" / "templates"
DATA = "default-src 'none'; frame-ancestors 'none'"


def _policy(answer):
    parts = (part.strip().partition(" ") for part in _header(answer, "Content-Security-Policy"))
    return {name: value for name, _, value in parts}


def _header(answer, name):
    return answer.headers[name].split(";")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_hardened(app, path):
    with app.test_client().get(path) as answer:
        headers = answer.headers

        assert _ALWAYS.items() <= dict(headers).items()
        assert ("nosniff", "DENY") == (
            headers["X-Content-Type-Options"],
            headers["X-Frame-Options"],
        )
        assert headers["Cache-Control"] in {"no-store", "no-cache"}
        assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("path", ["/", "/nothing"])
def test_pages_run_only_what_carries_their_nonce(app, path):
    first, second = (_policy(app.test_client().get(path)) for _ in range(2))
    nonce = first["script-src"].removeprefix("'nonce-").removesuffix("'")

    assert re.fullmatch(r"[\w-]{22}", nonce)
    assert first["script-src"] != second["script-src"]
    assert {
        "default-src": "'none'",
        "script-src": f"'nonce-{nonce}'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    } == first


def test_what_a_page_has_inline_carries_the_nonce_of_its_answer(app):
    page = "<style nonce='{{ csp_nonce() }}'></style><script nonce='{{ csp_nonce() }}'></script>"
    app.add_url_rule("/inline", view_func=lambda: render_template_string(page))
    answer = app.test_client().get("/inline")
    nonces = set(re.findall(r"nonce='([^']+)'", answer.text))

    assert [f"'nonce-{nonce}'" for nonce in nonces] == [_policy(answer)["script-src"]]


def test_no_template_has_anything_inline_without_it():
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text(encoding="utf-8")

        assert not re.search(r"""\s(style|on\w+)=|javascript:|\|\s*safe|autoescape""", text)
        for tag in re.findall(r"<(?:script|style)[^>]*>", text):
            assert 'nonce="{{ csp_nonce() }}"' in tag


@pytest.mark.parametrize("path", ["/api/health", "/api/nothing", "/api/user"])
def test_data_runs_nothing(app, path):
    assert DATA == app.test_client().get(path).headers["Content-Security-Policy"]


def test_bugs_are_hardened_too(make_app):
    app = make_app(TESTING=False)
    app.add_url_rule("/bug", view_func=lambda: str(1 / 0))
    answer = app.test_client().get("/bug")

    assert 500 == answer.status_code
    assert "'none'" == _policy(answer)["default-src"]


@pytest.mark.parametrize(
    ("public_url", "asked", "told"),
    [
        (None, "https://localhost", True),
        ("https://deployr.example", "http://deployr.example", True),
        ("http://deployr.example", "https://deployr.example", False),
    ],
)
def test_browsers_are_bound_to_tls_only_where_there_is_tls(make_app, public_url, asked, told):
    app = make_app(**({"DEPLOYR_PUBLIC_URL": public_url} if public_url else {}))
    answer = app.test_client().get("/api/health", base_url=asked)

    expected = "max-age=31536000" if told else None
    assert expected == answer.headers.get("Strict-Transport-Security")


def test_nothing_that_is_sent_becomes_a_header(app, ada):
    evil = "x\r\nSet-Cookie: evil=1\r\n\r\n<script>"
    answers = [
        Api(app).get("/api/" + evil),
        ada.get("/api/projects", name=evil),
        ada.post("/api/projects", {"name": evil}),
        app.test_client().get("/" + evil),
        app.test_client().get("/", headers={"Host": "a b<script>"}),
    ]

    for answer in answers:
        assert "Set-Cookie" not in answer.headers
        assert "<script>" not in str(answer.headers)
        assert answer.mimetype != "text/html" or "<script>" not in answer.text
