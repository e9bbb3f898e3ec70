"""The OpenAPI document is true: generated requests meet only answers that it tells of."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from app import create_app
from app.extensions import db
from tests.factories import claim, make_job, make_runner, make_user
from tests.support.databases import empty_database
from tests.support.github import FakeGithub

TICK = "a-token-for-the-cron-of-tests"

load_all_checks()
EXCLUDED = [
    positive_data_acceptance,  # some rules (repository URLs, pairs of fields) are not in the schema
    ignored_auth,  # sends requests of its own; test_authorisation.py tries every route
]


def _operations():
    app = create_app({"DEPLOYR_DATABASE_URL": "sqlite://"})
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    # Tokens are ours to send; runners may send parameters that this backend does not know yet.
    schema.config.generation.update(with_security_parameters=False)
    schema.config.generation.allow_extra_parameters = False
    # A wrong field may also make the body too large.
    schema.config.checks.negative_data_rejection.expected_statuses.append("413")
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture(scope="module")
def served():
    with FakeGithub() as github:
        url = empty_database("sqlite")
        own = {"DEPLOYR_DATABASE_URL": url, "DEPLOYR_TICK_TOKEN": TICK}
        app = create_app(own | github.settings())
        user = make_user(app)
        runner = make_runner(user)
        claim(runner, make_job(user))
        yield app, {"userToken": user.token, "runnerToken": runner.token, "tickToken": TICK}
        with app.app_context():
            db.engine.dispose()


@pytest.mark.parametrize("operation", _operations(), ids=lambda operation: operation.label)
def test_answers_are_as_described(served, operation):
    app, tokens = served
    names = [name for choice in operation.definition.raw["security"] for name in choice]
    headers = {"Authorization": f"Bearer {tokens[names[0]]}"} if names else {}
    good, bad = (
        operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode
    )

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(good, bad))
    def check(case):
        case.call_and_validate(app=app, headers=headers, excluded_checks=EXCLUDED)

    check()
