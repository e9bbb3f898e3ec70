"""What signing in with GitHub gives and leaves behind, and how often one may try."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.extensions import db
from app.models import ApiToken, AuditEvent, User
from tests.support.backend import START, Api, refusal
from tests.support.github import ANOTHERS, account, sign_in

EVE = account(8, "Eve")


def _events(app):
    with app.app_context():
        events = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        return [(event.act, event.actor, event.thing) for event in events]


def test_token_carries_its_name_for_a_year(make_app, github, settings):
    app = make_app(**settings)

    answer = sign_in(app, github, EVE, name="deployr on laptop")

    with app.app_context():
        token = db.session.scalars(select(ApiToken)).one()
        told = (token.name, token.scope, token.expires_at)
        assert ("deployr on laptop", "admin", START + timedelta(days=365)) == told
        db.session.execute(update(ApiToken).values(expires_at=START))
        db.session.commit()
    expired = Api(app, answer.json["token"]).get("/api/user")
    assert 401 == expired.status_code


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", 7])
def test_name_of_a_token_is_one_short_line(make_app, github, settings, name):
    app = make_app(**settings)

    assert (422, "invalid") == refusal(sign_in(app, github, EVE, name=name))


def test_audit_log_tells_of_sign_ins_and_refusals(make_app, github, settings):
    app = make_app(**settings)
    user_id = sign_in(app, github, EVE, name="laptop").json["user"]["id"]
    with app.app_context():
        token_id = db.session.scalars(select(ApiToken.id)).one()
    sign_in(app, github, account(9, "bob"))
    github.sign_up("gho_stolen", EVE, issued_to=ANOTHERS)
    Api(app).post("/api/auth/github", access_token="gho_stolen")

    assert [
        ("user.created", f"user:{user_id} eve", f"user:{user_id} eve"),
        ("user.signed_in", f"user:{user_id} eve", f"token:{token_id} laptop"),
        ("token.created", f"user:{user_id} eve", f"token:{token_id} laptop"),
        ("user.sign_in_refused", "github:9 bob", "sign-in"),
        ("user.sign_in_refused", "github:unknown", "sign-in"),
    ] == _events(app)


def test_tries_are_counted_by_all_processes_together(make_app, github, settings):
    apps = [make_app(**settings, DEPLOYR_SIGN_INS_PER_MINUTE="4") for _ in range(2)]
    answers = [Api(app).post("/api/auth/github", access_token="guess") for app in apps * 3]

    assert [401] * 4 + [429] * 2 == [answer.status_code for answer in answers]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert 200 == Api(apps[0]).get("/api/auth/github").status_code


def test_clients_are_told_where_to_sign_in(make_app, github, settings):
    bare = Api(make_app()).read("/api/auth/github")
    with_orgs = Api(make_app(**settings, DEPLOYR_ALLOW_ORGS="acme")).read("/api/auth/github")

    scope = "read:user user:email"
    assert (False, None, "https://github.com", scope) == tuple(bare.values())
    assert (True, "our-app", github.url, f"{scope} read:org") == tuple(with_orgs.values())


def test_database_holds_nothing_of_githubs(make_app, github, settings):
    app = make_app(**settings)
    sign_in(app, github, EVE)

    with app.app_context():
        rows = [
            str(value)
            for table in db.metadata.sorted_tables
            for row in db.session.execute(select(table))
            for value in row
        ]
        assert db.session.scalar(select(User.github_id)) in rows
    assert not [text for text in rows if "gho_" in text]
