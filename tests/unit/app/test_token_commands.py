"""`flask deployr user token` and `flask deployr token`: tokens made and ended by the operator."""

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import AuditEvent
from tests.factories import make_user
from tests.support.backend import Api, refusal

EMAIL = "ada@example.com"


@pytest.fixture
def ada(app):
    return make_user(app, "Ada", EMAIL)


@pytest.fixture
def flask(app, ada):
    return lambda *args: app.test_cli_runner().invoke(args=["deployr", *args])


def test_token_has_the_name_scope_and_end_that_were_asked_for(app, flask):
    asked = ("--scope", "read", "--expires-days", "7", "--name", "ci")
    done = flask("user", "token", EMAIL, *asked)

    token = Api(app, done.output.strip()).read("/api/user")["token"]
    del token["id"]
    expected = {"name": "ci", "scope": "read", "expires_at": "2026-02-10T18:00:00Z"}
    assert expected == token


def test_token_may_all_and_never_ends_unless_told_otherwise(app, flask):
    token = Api(app, flask("user", "token", EMAIL).output.strip()).read("/api/user")["token"]

    assert ("command line", "admin", None) == (token["name"], token["scope"], token["expires_at"])


@pytest.mark.parametrize(
    "wrong",
    [
        ("--scope", "root"),
        ("--expires-days", "0"),
        ("--expires-days", "3651"),
        ("--name", "x" * 65),
    ],
)
def test_broken_wish_is_refused(flask, wrong):
    assert 0 != flask("user", "token", EMAIL, *wrong).exit_code


def test_tokens_are_listed_without_themselves_and_one_is_revoked(app, flask, ada):
    token = flask("user", "token", EMAIL, "--name", "ci").output.strip()

    first, second = flask("token", "list", EMAIL).output.splitlines()
    number, *facts = first.split("\t")
    assert ["ci", "admin", "-", "-", "-"] == facts
    assert token not in first
    assert "first" == second.split("\t")[1]

    assert 0 == flask("token", "revoke", number).exit_code
    assert (401, "unauthorized") == refusal(Api(app, token).get("/api/user"))
    assert 200 == ada.get("/api/user").status_code
    newest = flask("token", "list", EMAIL).output.splitlines()[0]
    assert "2026-02-03T18:00:00Z" == newest.split("\t")[-1]


def test_operator_is_told_of_in_the_audit_log(app, flask):
    flask("user", "token", EMAIL, "--name", "ci")
    number = flask("token", "list", EMAIL).output.split("\t")[0]
    flask("token", "revoke", number)
    flask("token", "revoke", number)

    with app.app_context():
        events = list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))[-2:]
        assert [
            ("token.created", "operator", f"token:{number} ci"),
            ("token.revoked", "operator", f"token:{number} ci"),
        ] == [(event.act, event.actor, event.thing) for event in events]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("user", "token", "nobody@example.com"), "There is no user nobody@example.com"),
        (("token", "list", "nobody@example.com"), "There is no user nobody@example.com"),
        (("token", "revoke", "999"), "There is no such token"),
    ],
)
def test_what_is_not_there_is_one_line(flask, arguments, word):
    done = flask(*arguments)

    assert 1 == done.exit_code
    assert word in done.output
    assert 1 == len(done.output.splitlines())
