"""Hostile values in every field of every body: refused, or kept and shown as they are; never run.

Fields and bodies come from the views' own models, so that a new field is tried as well.
"""

import base64
import json
from typing import Any

import pytest

from app.api import operation_of
from tests.support.databases import KINDS
from tests.support.routes import ROUTES, in_general
from tests.support.world import World

TEXTS = (
    "'; DROP TABLE users; --",
    "' OR '1'='1",
    "\\' OR 1=1 -- ",
    "1%' AND SLEEP(5) AND '%'='",
    "{{7*191}}{{config}}",
    "${7*191} #{7*191} <%= 7*191 %>",
    "{0.__class__.__init__} %(x)s %n",
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "a\r\nSet-Cookie: evil=1\r\n\r\n<p>",
    "a\nX-Evil: 1",
    "nul\x00inside",
    "\u202egpj.exe\u2066",
    "\U0001f600\U0001d518 4 bytes",
    "half \ud83d a letter",
    "\x1b]0;owned\x07\x1b[2J",
    "../../../../etc/passwd",
    "\ufefffirst",
    "9" * 400,
    "A" * 70_000,
    "",
    " ",
)
NUMBERS = (-1, 0, 2**31, 2**63, 2**64, 10**18, 10**400, -(10**400), 1e308, 0.5)
OTHERS: tuple[Any, ...] = (
    True,
    None,
    [],
    {},
    [[]],
    {"$ne": 1},
    ["x"] * 1000,
    {"__proto__": {"a": 1}},
)
NOT_JSON = ("NaN", "-Infinity", "1e999", '"\\u0000', "\x00", "[" * 100_000)
WHO = {
    "/api/invitations/{invitation}/accept": "invited",
    "/api/runners/{runner}/share": "deployer",
    "/api/runner/jobs/{job}/status": "runner",
}


@pytest.fixture(scope="module", params=KINDS)
def world(request):
    made = World(
        request.param,
        DEPLOYR_REGISTRATIONS_PER_MINUTE=1_000_000,
        DEPLOYR_SIGN_INS_PER_MINUTE=1_000_000,
    )
    yield made
    made.close()


def _with_body(app):
    """Each route that takes a body, with its model."""
    views = {
        in_general(rule.rule): operation_of(app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
    }
    routes = [route for route in ROUTES if route.method == "POST"]
    found = [(route, views[in_general(route.path)]) for route in routes]
    return [(route, operation.body) for route, operation in found if operation and operation.body]


def _found(value: Any, field: str) -> list[Any]:
    """Return what an answer says of a field, wherever it stands."""
    if isinstance(value, list):
        return [found for each in value for found in _found(each, field)]
    if not isinstance(value, dict):
        return []
    own = [value[field]] if field in value else []
    return own + [found for each in value.values() for found in _found(each, field)]


def _check(answer, field: str, value: Any) -> None:
    assert answer.status_code < 500 or "github_not_configured" in answer.text, (field, value)
    assert answer.mimetype in {"application/json", "application/problem+json"}
    for name, text in answer.headers:
        assert not {"\r", "\n", "\x00"} & set(name + text)
        assert "evil" not in (name + text).lower()
    if answer.status_code < 300 and isinstance(value, str):
        kept = _found(answer.json, field)
        same = {value, value.lower(), value.strip(), value or None}
        assert all(each in same for each in kept), (field, value, kept)
    elif answer.status_code >= 400:
        assert "1337" not in answer.text


def test_every_field_takes_anything_calmly(world):
    tried = 0
    for route, model in _with_body(world.app):
        actor = world.actors[WHO.get(route.path, "owner")].api
        for field in model.model_json_schema()["properties"]:
            for value in (*TEXTS, *NUMBERS, *OTHERS):
                body = route.content(world.ids) | {field: value}
                answer = actor.post(route.url(world.ids), body)
                _check(answer, field, value)
                tried += 1
                if answer.status_code < 300:
                    world.snapshot.restore()
    assert tried > 1000
    assert [] == world.snapshot.changes()


def test_bodies_that_are_no_json_are_refused(world):
    headers = {"Authorization": f"Bearer {world.actors['owner'].api.token}"}
    for route, _ in _with_body(world.app):
        for text in NOT_JSON:
            answer = world.app.test_client().post(
                route.url(world.ids), data=text, content_type="application/json", headers=headers
            )
            assert answer.status_code in {400, 403, 422}, (route.path, text[:20], answer.text)
    assert [] == world.snapshot.changes()


def test_every_query_takes_anything_calmly(world):
    owner = world.actors["owner"].api
    rules = [rule for rule in world.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    routes = {in_general(route.path): route for route in ROUTES if route.method == "GET"}
    for rule in rules:
        operation = operation_of(world.app.view_functions[rule.endpoint])
        for field in operation.query.model_fields if operation and operation.query else ():
            for text in (*TEXTS, *map(str, NUMBERS)):
                clean = text.encode("utf-8", "replace").decode()
                answer = owner.get(routes[in_general(rule.rule)].url(world.ids), **{field: clean})
                _check(answer, "", None)
                wrapped = base64.b64encode(json.dumps({field: text}).encode()).decode()
                answer = owner.get(routes[in_general(rule.rule)].url(world.ids), data=wrapped)
                _check(answer, "", None)


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_runner_reports_is_shown_as_it_is(world, text):
    runner, owner = world.ada.runner, world.actors["owner"].api
    job = world.ada.queued["id"]
    told = {
        "detail": text,
        "url": text,
        "path": text,
        "release": {"name": text, "commit": "0" * 40, "state": "live"},
        "steps": [{"name": text, "seconds": 1, "ok": True}],
    }
    path = f"/api/runner/jobs/{job}/status"
    runner.write(path, status="running", claim_id="claim-1")
    for field, value in told.items():
        data = base64.b64encode(json.dumps({field: value}).encode()).decode()
        answer = runner.post(path, status="running", claim_id="claim-1", data=data)
        _check(answer, "", None)
    _check(runner.post(path, status="running", claim_id="claim-1", logs=text), "", None)
    _check(runner.post(path, status="failed", claim_id="claim-1", reason=text[:64]), "", None)

    shown = owner.read(f"/api/jobs/{job}")
    whole = text.encode("utf-8", "replace").decode()
    for field in ("detail", "url", "path"):
        assert shown[field] is None or whole.startswith(shown[field].rstrip("…")[:200])
    assert shown["logs"] in {"", text, whole}
    world.snapshot.restore()


def test_hostile_headers_are_no_headers_of_the_answer(world):
    client = world.app.test_client()
    # Longer than what the random nonce of a page's policy might hold.
    evil = "evil-header\u00ff'\"<script>{{7*191}}"
    names = ("User-Agent", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-Id", "Origin", "Referer",
             "Idempotency-Key", "Accept-Language", "Authorization", "Cookie", "X-Forwarded-Proto")  # fmt: skip
    token = {"Authorization": f"Bearer {world.actors['owner'].api.token}"}
    for route in ROUTES:
        for name in names:
            answer = client.open(
                route.url(world.ids), method=route.method, headers=token | {name: evil}, json={}
            )
            assert answer.status_code < 500 or answer.status_code == 503
            assert "evil-header" not in str(answer.headers).lower(), (route.path, name)
            answer.close()
    world.snapshot.restore()
