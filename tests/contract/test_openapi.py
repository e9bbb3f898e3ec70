"""The OpenAPI document is true, whoever asks: generated requests meet only answers that it tells
of, and in none of them anything of somebody else's.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks
from schemathesis.core import NOT_SET
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from app import create_app
from app.extensions import db
from tests.support.backend import Clock
from tests.support.databases import KINDS, at, empty_database
from tests.support.github import Account, FakeGithub
from tests.support.routes import ROUTES, Route, in_general
from tests.support.world import World

ACTORS = ("anonymous", "invited", "viewer", "deployer", "owner", "admin", "runner", "cron")
PLENTY = {
    "DEPLOYR_SIGN_INS_PER_MINUTE": "1000000",
    "DEPLOYR_REGISTRATIONS_PER_MINUTE": "1000000",
}

EXISTING = st.integers(1, 8)
"""Each tenant's things have such ids."""

ROUTE_OF = {in_general(f"{route.method} {route.path}"): route for route in ROUTES}

load_all_checks()
EXCLUDED = [
    positive_data_acceptance,  # some rules (repository URLs, pairs of fields) are not in the schema
    ignored_auth,  # sends requests of its own; test_tenancy.py tries every route
]


def _operations():
    app = create_app(at("sqlite://"))
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    # Tokens are ours to send; runners may send parameters that this backend does not know yet.
    schema.config.generation.update(with_security_parameters=False)
    schema.config.generation.allow_extra_parameters = False
    # A wrong field may also make the body too large.
    schema.config.checks.negative_data_rejection.expected_statuses.append("413")
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


OPERATIONS = _operations()
LIMITED = [each for each in OPERATIONS if "429" in each.definition.raw["responses"]]


@pytest.fixture(scope="module", params=KINDS)
def world(request):
    with FakeGithub() as github:
        verified = {"email": "eve@example.com", "primary": True, "verified": True}
        github.sign_up("x", Account(id=1, login="eve", emails=[verified]))
        made = World(request.param, **PLENTY, **github.settings(), DEPLOYR_SIGNUP="open")
        yield made
        made.close()


@st.composite
def requests_to(draw, operation, world):
    """Requests as the document allows them and not; many of them name things that exist."""
    good, bad = (
        operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode
    )
    case = draw(st.one_of(good, bad))
    as_described = schemathesis.GenerationMode.POSITIVE
    sound = {place for place, part in case.meta.components.items() if part.mode == as_described}
    if ParameterLocation.PATH in sound:
        numbers = {name: draw(EXISTING) for name in case.path_parameters}
        case.path_parameters = draw(st.sampled_from([_known_ids(operation, world), numbers]))
    if ParameterLocation.BODY in sound and draw(st.booleans()):
        case.body = _known_body(operation, world)
    return case


def _known_ids(operation: Any, world: World) -> dict[str, int]:
    """Return what the path names in the table of routes."""
    ids = world.ids | {name: world.ids[other] for name, other in _route(operation).ids.items()}
    names = [each.name for each in operation.path_parameters]
    return {name: ids[name.removesuffix("_id")] for name in names}


def _known_body(operation: Any, world: World) -> Any:
    return _route(operation).content(world.ids) if operation.body else NOT_SET


def _route(operation: Any) -> Route:
    return ROUTE_OF[in_general(operation.label)]


def _ask_as_each(world: World, case: Any) -> set[int]:
    """Return the statuses of the answers."""
    met = set()
    for name in ACTORS:
        token = world.actors[name].api.token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = case.call(app=world.app, headers=headers)
        met.add(answer.status_code)
        case.validate_response(answer, excluded_checks=EXCLUDED)
        leaked = world.canaries.leaked(name, case.operation.path, answer.content)
        assert [] == leaked, f"{name} met {leaked} in {answer.content!r}"
    return met


def _examine(world: World, operation: Any, examples: int, seeded: Any = None) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=seeded is None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(requests_to(operation, world))
    def check(case):
        _ask_as_each(world, case)

    sure = operation.Case(
        path_parameters=_known_ids(operation, world),
        body=_known_body(operation, world),
        media_type="application/json",
    )
    try:
        assert {200, 201} & _ask_as_each(world, sure)
        world.snapshot.restore()
        (seeded or (lambda test: test))(check)()
    finally:
        world.snapshot.restore()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_answers_are_as_described_and_hold_nothing_of_others(world, operation):
    _examine(world, operation, 5)


@pytest.mark.soak
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_answers_to_many_requests_are_as_described(world, operation, soak):
    _examine(world, operation, soak.examples(400), soak.seeded)


@pytest.mark.parametrize("operation", LIMITED, ids=lambda operation: operation.label)
def test_too_many_tries_are_answered_as_described(operation):
    own = {"CLOCK": Clock()} | dict.fromkeys(PLENTY, "2")
    app = create_app(at(empty_database("sqlite")) | own)
    case = operation.Case(body=_route(operation).body, media_type="application/json")
    answers = [case.call(app=app) for _ in range(3)]
    case.validate_response(answers[-1], excluded_checks=EXCLUDED)
    with app.app_context():
        db.engine.dispose()

    assert [429] == [answer.status_code for answer in answers if answer.status_code == 429]
    assert int(answers[-1].headers["retry-after"][0]) > 0


def test_canary_in_an_answer_would_be_noticed(world):
    """Also in base64; by whoever may see it, it may be seen."""
    answer = world.actors["owner"].api.get(f"/api/jobs/{world.ada.done['id']}", log_from=0)
    path = "/api/jobs/{job_id}"

    assert [] == world.canaries.leaked("owner", path, answer.data)
    assert {"log", "detail", "runner"} <= {
        word.split("-")[1] for word in world.canaries.leaked("stranger", path, answer.data)
    }
