"""`flask deployr user`: accounts made at the server's shell."""

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import AuditEvent
from tests.support.backend import Api, refusal
from tests.support.github import account, sign_in


@pytest.fixture
def flask(app):
    return lambda *args: app.test_cli_runner().invoke(args=["deployr", "user", *args])


def test_created_user_gets_a_working_token_once(app, flask):
    done = flask("create", "--name", "Ada L.", "--email", "Ada@Example.com")

    user = Api(app, done.output.strip()).read("/api/user")
    assert ("Ada L.", "ada@example.com") == (user["name"], user["email"])


@pytest.mark.parametrize(
    ("name", "email", "problem"),
    [
        ("Ada", "ADA@example.com", "already"),
        ("Ada", "nowhere", "not an email address"),
        (" ", "new@example.com", "must have"),
    ],
)
def test_refusal_is_one_line(flask, name, email, problem):
    flask("create", "--name", "Ada", "--email", "ada@example.com")

    done = flask("create", "--name", name, "--email", email)

    assert 1 == done.exit_code
    assert problem in done.output
    assert 1 == len(done.output.splitlines())


def test_lost_token_can_be_replaced(app, flask):
    flask("create", "--name", "Ada", "--email", "ada@example.com")

    done = flask("token", "ada@example.com")

    assert "Ada" == Api(app, done.output.strip()).read("/api/user")["name"]


def test_token_for_nobody_is_refused(flask):
    assert 1 == flask("token", "nobody@example.com").exit_code


def test_users_are_listed_without_tokens(flask):
    flask("create", "--name", "Ada", "--email", "ada@example.com")

    (line,) = flask("list").output.splitlines()

    assert ["ada@example.com", "Ada", "-"] == line.split("\t")[1:]


def test_revoked_tokens_stop_working_and_new_ones_do_not(app, flask):
    old = flask("create", "--name", "Ada", "--email", "ada@example.com").output.strip()

    assert "Ended tokens: 1\n" == flask("revoke", "Ada@example.com").output

    new = flask("token", "ada@example.com").output.strip()
    assert 401 == Api(app, old).get("/api/user").status_code
    assert 200 == Api(app, new).get("/api/user").status_code


def test_tokens_of_nobody_are_not_revoked(flask):
    done = flask("revoke", "nobody@example.com")

    assert (1, "There is no user nobody@example.com") == (
        done.exit_code,
        done.output.removeprefix("Error: ").partition(";")[0],
    )


def test_database_without_tables_is_one_clear_error(make_app, tmp_path):
    app = make_app(DEPLOYR_DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")

    done = app.test_cli_runner().invoke(args=["deployr", "user", "list"])

    assert 1 == done.exit_code
    assert "did `flask db upgrade` run?" in done.output


def test_audit_log_tells_what_the_operator_did(app, flask):
    flask("create", "--name", "Ada", "--email", "ada@example.com")
    flask("token", "ada@example.com")
    flask("revoke", "ada@example.com")
    flask("revoke", "ada@example.com")  # none left

    with app.app_context():
        events = list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
        assert {("operator", "local")} == {(event.actor, event.address) for event in events}
        told = [(event.act, event.thing.partition(" ")[2]) for event in events]
    assert [
        ("user.created", "ada"),
        ("token.created", "first"),
        ("token.created", "command line"),
        ("token.revoked", "all"),
    ] == told


def test_blocked_user_stays_out_until_unblocked(make_app, github, settings):
    app = make_app(**settings)
    flask = app.test_cli_runner()
    first = sign_in(app, github, account(8, "eve")).json

    assert 0 == flask.invoke(args=["deployr", "user", "block", "eve@example.com"]).exit_code
    assert 401 == Api(app, first["token"]).get("/api/user").status_code
    assert (403, "not_admitted") == refusal(sign_in(app, github, account(8, "eve")))
    assert "eve (blocked)" in flask.invoke(args=["deployr", "user", "list"]).output
    refused = flask.invoke(args=["deployr", "user", "token", "eve@example.com"])
    assert (1, True) == (refused.exit_code, "user unblock eve@example.com" in refused.output)

    assert 0 == flask.invoke(args=["deployr", "user", "unblock", "eve@example.com"]).exit_code
    assert "user" == sign_in(app, github, account(8, "eve")).json["user"]["role"]
