"""Runners: registered by a one-time code, listed, revoked."""

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import AuditEvent
from tests.factories import make_member, make_project, make_runner
from tests.support.backend import Api, refusal


@pytest.fixture
def code(ada):
    return ada.write("/api/runners/codes")["code"]


def _register(anyone, code, **fields):
    return anyone.post("/api/runner/register", {"code": code, "name": "web1"} | fields)


def test_code_expires_in_fifteen_minutes(ada):
    answer = ada.write("/api/runners/codes")

    assert "2026-02-03T18:15:00Z" == answer["expires_at"]
    assert answer["code"].startswith("dpc_")


def test_registered_runner_is_listed(ada, anyone, code):
    facts = {"hostname": "srv", "version": "0.1.0", "labels": ["eu"], "capacity": 2}
    answer = _register(anyone, code, **facts).json
    assert answer["token"].startswith("dpr_")
    assert 0.5 <= answer["poll_after"] <= 0.6

    assert [
        {
            "id": answer["runner_id"],
            "name": "web1",
            "owner_name": make_project(ada)["owner_name"],
            "mine": True,
            "projects": [],
            "status": "offline",
            "last_seen_at": None,
            "created_at": "2026-02-03T18:00:00Z",
            "revoked_at": None,
        }
        | facts
    ] == ada.read("/api/runners")["runners"]


def test_code_works_once(anyone, code):
    _register(anyone, code)

    assert (401, "bad_code") == refusal(_register(anyone, code, name="web2"))


def test_late_code_is_refused(anyone, code, clock):
    clock.move(minutes=15)

    assert (401, "bad_code") == refusal(_register(anyone, code))


@pytest.mark.parametrize("code", ["", "nonsense", "dpc_" + "0" * 49])
def test_wrong_code_is_refused(anyone, code):
    assert (401, "bad_code") == refusal(_register(anyone, code))


def test_lost_answer_can_be_asked_for_again(app, anyone, code, clock, ada):
    first = _register(anyone, code, instance_id="i-1").json
    clock.move(minutes=9)
    second = _register(anyone, code, instance_id="i-1").json

    assert first["runner_id"] == second["runner_id"]
    assert (401, "unauthorized") == refusal(_poll(anyone, first["token"]))
    assert 200 == _poll(anyone, second["token"]).status_code
    assert 1 == len(ada.read("/api/runners")["runners"])


def _poll(anyone, token):
    return type(anyone)(anyone.app, token).get("/api/runner/jobs")


@pytest.mark.parametrize(("instance", "minutes"), [("i-2", 1), (None, 1), ("i-1", 10)])
def test_used_code_is_reissued_only_to_its_runner_and_only_for_a_while(
    anyone, code, clock, instance, minutes
):
    _register(anyone, code, instance_id="i-1")
    clock.move(minutes=minutes)

    assert (401, "bad_code") == refusal(_register(anyone, code, instance_id=instance))


def test_taken_name_does_not_use_up_the_code(ada, anyone, code):
    make_runner(ada, "web1")

    assert (409, "name_taken") == refusal(_register(anyone, code))
    assert 201 == _register(anyone, code, name="web2").status_code


def test_user_token_registers_too(ada):
    assert "web1" == ada.write("/api/runner/register", name="web1")["name"]


def test_without_code_or_token_nobody_registers(anyone):
    answer = anyone.post("/api/runner/register", name="web1")

    assert (401, "unauthorized") == refusal(answer)


def test_old_protocol_is_told_to_upgrade(anyone, code):
    assert (426, "protocol_too_old") == refusal(_register(anyone, code, protocol=0))


def test_revoked_runner_is_locked_out_and_its_name_is_free(ada, runner):
    revoked = ada.write(f"/api/runners/{runner.id}/revoke")

    assert "2026-02-03T18:00:00Z" == revoked["revoked_at"]
    assert (401, "unauthorized") == refusal(runner.get("/api/runner/jobs"))
    assert make_runner(ada, "web1").id != runner.id


def test_revoking_again_changes_nothing(ada, runner, clock):
    first = ada.write(f"/api/runners/{runner.id}/revoke")
    clock.move(minutes=1)

    assert first == ada.write(f"/api/runners/{runner.id}/revoke")


def test_runners_are_paged(ada):
    made = [make_runner(ada).id for _ in range(3)]

    first = ada.read("/api/runners", limit=2)
    second = ada.read("/api/runners", limit=2, before=first["next"])

    assert made[::-1] == [each["id"] for each in first["runners"] + second["runners"]]


def test_an_address_may_not_try_many_codes(make_app, clock):
    anyone = Api(make_app(DEPLOYR_REGISTRATIONS_PER_MINUTE=2))
    answers = [_register(anyone, "dpc_wrong") for _ in range(3)]
    assert [401, 401, 429] == [answer.status_code for answer in answers]
    assert 60 == int(answers[-1].headers["Retry-After"])

    clock.move(minutes=1)

    assert (401, "bad_code") == refusal(_register(anyone, "dpc_wrong"))


def test_audit_log_tells_of_runners_and_their_shares(app, ada, bob, project):
    lent = make_runner(bob, "bobs")
    make_member(project, bob)
    deeds = [(bob, "share"), (bob, "share"), (ada, "unshare"), (bob, "revoke")]
    for user, deed in deeds:
        body = {} if deed == "revoke" else {"project_id": project["id"]}
        user.write(f"/api/runners/{lent.id}/{deed}", body)

    with app.app_context():
        events = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        told = [(each.act, each.actor.split()[0], each.project_id) for each in events]
    his = f"user:{bob.id}"
    assert [
        ("runner.code_created", his, None),
        ("runner.registered", f"runner:{lent.id}", None),
        ("runner.shared", his, project["id"]),
        ("runner.unshared", f"user:{ada.id}", project["id"]),
        ("runner.revoked", his, None),
    ] == [each for each in told if each[0].startswith("runner.")]
