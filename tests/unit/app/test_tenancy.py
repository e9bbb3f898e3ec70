"""Who may call what: every role, every route, every method; and who may not leaves no trace."""

from collections import Counter

import pytest
from werkzeug.test import TestResponse

from app import create_app
from app.auth import declared, scope_of
from tests.support.backend import Api, refusal
from tests.support.databases import KINDS, at
from tests.support.people import Actor
from tests.support.routes import ROUTES, Needs, Route, in_general
from tests.support.world import World

OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 401, 403, 404
LED_AWAY = 302
"""To the sign-in; 303 after a form."""


@pytest.fixture(scope="module", params=KINDS)
def world(request):
    made = World(request.param)
    yield made
    made.close()


@pytest.fixture(scope="module")
def views():
    """The view behind each method and path."""
    app = create_app(at("sqlite://"))
    return [
        ((method, in_general(rule.rule)), app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]


def _call(route: Route, actor: Api, ids: dict[str, int]):
    url = route.url(ids)
    if route.method == "POST":
        return actor.post(url, route.content(ids))
    with actor.get(url, **route.query) as answer:
        answer.get_data()  # of a file, which is then closed
        return answer


def expected(needs: Needs, name: str, actor: Actor) -> int:
    """Return the status that an actor gets; OK stands for what the route answers."""
    if needs.kind in {"public", "page"}:
        return OK
    wanted = {"session": "browser", "tick": "cron", "optional": "user"}.get(needs.kind, needs.kind)
    if actor.kind != wanted:
        return LED_AWAY if wanted == "browser" else _without_token(wanted, actor)
    if not actor.scope.covers(needs.scope):
        return FORBIDDEN
    return OK if name in needs.also else _by_thing(needs, name, actor)


def _without_token(wanted: str, actor: Actor) -> int:
    """A token that would do elsewhere is told so, unless it is the operator's that is asked for."""
    elsewhere = {"user", "runner", "dead user", "dead runner"} - {f"dead {wanted}"}
    return FORBIDDEN if wanted != "cron" and actor.kind in elsewhere else UNAUTHORIZED


def _by_thing(needs: Needs, name: str, actor: Actor) -> int:
    if needs.role is not None and actor.role is None:
        return NOT_FOUND
    if needs.role is not None and actor.role is not None and not actor.role.covers(needs.role):
        return FORBIDDEN
    return OK if not needs.only or name in needs.only else NOT_FOUND


def _refusal(route: Route, answer: TestResponse) -> int:
    """Return the status of an answer that says as much as the API's refusals do."""
    if route.needs.kind == "session":
        return LED_AWAY if answer.status_code == 303 else answer.status_code
    status, _ = refusal(answer)
    wants_token = answer.headers.get("WWW-Authenticate", "").startswith("Bearer")
    assert wants_token == (status == UNAUTHORIZED)
    return status


def test_every_route_is_in_the_table_once(views):
    """A new route needs an entry in tests/support/routes.py that says who may call it."""
    told = Counter((route.method, in_general(route.path)) for route in ROUTES)

    assert Counter(key for key, _ in views) == told


def test_table_asks_for_what_the_views_declare(views):
    wanted = {(route.method, in_general(route.path)): route.needs for route in ROUTES}
    for key, view in views:
        scope = scope_of(view)
        kind = "session" if wanted[key].kind == "page" else wanted[key].kind
        assert (key, declared(view) or "public") == (key, kind)
        assert scope is None or wanted[key].scope.covers(scope), key


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_role_gets_what_it_may(world, route):
    """Whom a route refuses leaves every table as it was."""
    told = {name: expected(route.needs, name, actor) for name, actor in world.actors.items()}
    for name in sorted(told, key=lambda name: told[name] == OK):
        answer = _call(route, world.actors[name].api, world.ids)
        if told[name] == OK:
            assert (name, True) == (name, answer.status_code in route.answers), answer.text
            if route.method == "POST":
                world.snapshot.restore()
        else:
            assert (name, told[name]) == (name, _refusal(route, answer)), answer.text
    assert [] == world.snapshot.changes()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_are_not_spoken(world, method):
    owner = world.actors["owner"].api
    token = {"Authorization": f"Bearer {owner.token}"}
    for path in {route.url(world.ids) for route in ROUTES}:
        answer = world.app.test_client().open(path, method=method, headers=token, json={})
        assert (path, 405) == (path, answer.status_code)
    assert [] == world.snapshot.changes()
