"""API tokens: made once, listed without themselves, revoked, forgotten in the end."""

import pytest
from sqlalchemy import select

from app.errors import Unauthorized
from app.extensions import db
from app.models import ApiToken, AuditEvent
from app.services import chores, tokens
from app.services.identity import user_by_token
from deployr.roles import Scope
from tests.support.backend import Api, refusal


def make(user, name="ci", scope="deploy", **fields):
    return user.write("/api/tokens", name=name, scope=scope, **fields)


def of(user, made):
    """Return the API with a token that was made."""
    return Api(user.app, made["token"], user.id)


def test_new_token_works_and_is_listed_without_itself(ada):
    made = make(ada, name=" laptop ", scope="read", expires_in_days=7)
    token = made.pop("token")

    assert {
        "id": made["id"],
        "name": "laptop",
        "scope": "read",
        "prefix": token[:8],
        "last_four": token[-4:],
        "current": False,
        "created_at": "2026-02-03T18:00:00Z",
        "last_used_at": None,
        "expires_at": "2026-02-10T18:00:00Z",
        "revoked_at": None,
    } == made
    listed = ada.get("/api/tokens")
    assert made == listed.json["tokens"][0]
    assert token not in listed.text
    assert token[:8] == "dpu_" + token[4:8]


def test_list_marks_the_token_it_was_asked_with_and_says_when_it_was_used(ada):
    laptop = of(ada, make(ada, name="laptop"))

    used, first = laptop.read("/api/tokens")["tokens"]

    assert (True, "2026-02-03T18:00:00Z") == (used["current"], used["last_used_at"])
    assert not first["current"]


def test_user_is_shown_with_the_token_in_use(ada):
    made = make(ada, name="laptop", expires_in_days=7)

    seen = of(ada, made).read("/api/user")

    assert {name: made[name] for name in ("id", "name", "scope", "expires_at")} == seen["token"]
    assert seen["handle"].startswith("ada-")


@pytest.mark.parametrize(
    ("given", "expires"), [({}, "2026-05-04T18:00:00Z"), ({"expires_in_days": None}, None)]
)
def test_token_expires_after_ninety_days_unless_told_otherwise(ada, given, expires):
    assert expires == make(ada, **given)["expires_at"]


BROKEN = [
    {"name": "", "scope": "read"},
    {"name": " \t", "scope": "read"},
    {"name": "x" * 65, "scope": "read"},
    {"name": "a\x1b[2Jb", "scope": "read"},
    {"name": "a\nb", "scope": "read"},
    {"name": 7, "scope": "read"},
    {"name": "ci", "scope": "root"},
    {"name": "ci"},
    {"name": "ci", "scope": "read", "expires_in_days": 0},
    {"name": "ci", "scope": "read", "expires_in_days": 3651},
    {"name": "ci", "scope": "read", "expires_in_days": "7"},
    {"name": "ci", "scope": "read", "user_id": 1},
]


def test_broken_wishes_are_refused(ada):
    for body in BROKEN:
        assert (422, "invalid", body) == (*refusal(ada.post("/api/tokens", body)), body)


@pytest.mark.parametrize("scope", ["read", "deploy"])
def test_only_a_token_of_the_widest_scope_makes_tokens(ada, scope):
    small = of(ada, make(ada, scope=scope))

    refused = small.post("/api/tokens", name="more", scope="read")

    assert (403, "scope_too_small") == refusal(refused)
    assert "deployr tokens create" in refused.json["detail"]


def test_revoked_token_stops_working_and_stays_listed(ada):
    made = make(ada)
    revoked = ada.write(f"/api/tokens/{made['id']}/revoke")

    assert "2026-02-03T18:00:00Z" == revoked["revoked_at"]
    assert (401, "unauthorized") == refusal(of(ada, made).get("/api/user"))
    assert revoked == ada.read("/api/tokens")["tokens"][0]


def test_revoking_again_changes_and_tells_nothing(app, ada, clock):
    made = make(ada)
    first = ada.write(f"/api/tokens/{made['id']}/revoke")
    clock.move(minutes=1)

    assert first == ada.write(f"/api/tokens/{made['id']}/revoke")
    with app.app_context():
        acts = list(db.session.scalars(select(AuditEvent.act).order_by(AuditEvent.id)))
        assert ["token.created", "token.revoked"] == acts[-2:]


def test_token_that_is_revoked_meanwhile_leaves_no_successor(app, ada):
    made = make(ada, scope="admin")
    with app.app_context():
        thief = user_by_token(made["token"])
        ada.write(f"/api/tokens/{made['id']}/revoke")

        with pytest.raises(Unauthorized):
            tokens.create_token(thief, "again", Scope.ADMIN, None)


@pytest.mark.parametrize("scope", ["read", "deploy"])
def test_small_token_revokes_itself_and_no_other(ada, scope):
    made, other = make(ada, scope=scope), make(ada)
    small = of(ada, made)

    refused = small.post(f"/api/tokens/{other['id']}/revoke", {})
    assert (403, "scope_too_small") == refusal(refused)
    assert small.write(f"/api/tokens/{made['id']}/revoke")["current"]
    assert (401, "unauthorized") == refusal(small.get("/api/user"))


def test_tokens_of_others_are_neither_seen_nor_revoked(ada, bob):
    made = make(ada)

    assert made["id"] not in [each["id"] for each in bob.read("/api/tokens")["tokens"]]
    assert (404, "not_found") == refusal(bob.post(f"/api/tokens/{made['id']}/revoke", {}))
    assert 200 == of(ada, made).get("/api/user").status_code


def test_expired_token_says_so_to_its_bearer_only(ada, clock):
    made = make(ada, expires_in_days=1)
    clock.move(hours=23)
    assert 200 == of(ada, made).get("/api/user").status_code
    clock.move(hours=1)

    refused = of(ada, made).get("/api/user")

    assert (401, "token_expired") == refusal(refused)
    assert "expired on 2026-02-04; sign in with `deployr login`" in refused.json["detail"]


def test_expired_token_that_was_revoked_is_an_unknown_one(ada, clock):
    made = make(ada, expires_in_days=1)
    ada.write(f"/api/tokens/{made['id']}/revoke")
    clock.move(days=2)

    assert (401, "unauthorized") == refusal(of(ada, made).get("/api/user"))


def test_tokens_that_work_are_limited_and_dead_ones_do_not_count(ada, bob, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_LIVE", 3)
    made = [make(ada), make(ada)]

    refused = ada.post("/api/tokens", name="ci", scope="read")
    assert (409, "too_many_tokens") == refusal(refused)
    make(bob)
    ada.write(f"/api/tokens/{made[0]['id']}/revoke")
    make(ada)


def test_tokens_are_paged(ada):
    made = [make(ada)["id"] for _ in range(3)]

    first = ada.read("/api/tokens", limit=2)
    second = ada.read("/api/tokens", limit=2, before=first["next"])

    listed = [each["id"] for each in first["tokens"] + second["tokens"]]
    assert made[::-1] == listed[:3]


def test_dead_tokens_are_forgotten_after_thirty_days(app, ada, clock):
    revoked, expired = make(ada, expires_in_days=None), make(ada, expires_in_days=1)
    alive = make(ada, expires_in_days=None)
    ada.write(f"/api/tokens/{revoked['id']}/revoke")
    clock.move(days=30, hours=1)

    def left():
        with app.app_context():
            chores.tend(ada.id)
            return set(db.session.scalars(select(ApiToken.id)))

    assert not left() & {revoked["id"]}
    assert left() >= {alive["id"], expired["id"]}
    clock.move(days=1)
    assert left() & {alive["id"], expired["id"]} == {alive["id"]}


def test_audit_log_names_tokens_without_telling_them(app, ada):
    made = make(ada, name="laptop", scope="read")
    ada.write(f"/api/tokens/{made['id']}/revoke")

    with app.app_context():
        created, revoked = list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))[-2:]
        things = {created.thing, revoked.thing}
        told = str([vars(created), vars(revoked)])
    assert {f"token:{made['id']} laptop"} == things
    assert made["token"] not in told
