"""A runner's token is rotated: both work for a while, and nobody is locked out."""

import threading

import pytest
from sqlalchemy import event, select

from app.extensions import db
from app.models import AuditEvent
from deployr.tokens import TokenKind, make_token
from tests.support.backend import Api, refusal


def rotate(runner):
    """Rotate and return the API with the new token."""
    return Api(runner.app, runner.write("/api/runner/token")["token"], runner.id)


def is_taken(runner):
    answer = runner.get("/api/runner/jobs")
    if answer.status_code == 200:
        return True
    assert (401, "unauthorized") == refusal(answer)
    return False


def test_new_token_works_for_the_same_runner(ada, runner):
    new = rotate(runner)

    assert new.token != runner.token
    assert is_taken(new)
    (listed,) = ada.read("/api/runners")["runners"]
    assert runner.id == listed["id"]
    assert "online" == listed["status"]


def test_old_token_works_as_long_as_the_new_one_was_never_used(runner, clock):
    rotate(runner)
    clock.move(days=400)

    assert is_taken(runner)


def test_old_token_ends_an_hour_after_the_first_use_of_the_new_one(runner, clock):
    new = rotate(runner)
    clock.move(days=2)
    assert is_taken(new)
    clock.move(minutes=59)
    assert is_taken(runner)
    assert is_taken(new)
    clock.move(minutes=1)

    assert not is_taken(runner)
    assert is_taken(new)


def test_first_use_counts_even_when_the_runner_was_seen_just_now(runner, clock):
    """Signs of life are written every fifteen seconds; the beginning of the hour always."""
    assert is_taken(runner)
    assert is_taken(rotate(runner))
    clock.move(hours=1)

    assert not is_taken(runner)


def test_lost_answer_is_replaced_and_the_lost_token_never_works(runner, clock):
    lost = rotate(runner)
    clock.move(days=1)
    second = rotate(runner)

    assert not is_taken(lost)
    assert is_taken(runner)
    assert is_taken(second)


def test_old_token_can_not_replace_a_new_one_that_is_in_use(runner):
    new = rotate(runner)
    assert is_taken(new)

    assert (409, "already_rotated") == refusal(runner.post("/api/runner/token", {}))
    assert is_taken(new)


def test_token_before_the_old_one_never_works(runner):
    second = rotate(runner)
    third = rotate(second)

    assert not is_taken(runner)
    assert is_taken(second)
    assert is_taken(third)
    assert (401, "unauthorized") == refusal(runner.post("/api/runner/token", {}))


def test_revoking_the_runner_ends_both(ada, runner):
    new = rotate(runner)
    ada.write(f"/api/runners/{runner.id}/revoke")

    assert not is_taken(runner)
    assert not is_taken(new)
    assert (401, "unauthorized") == refusal(new.post("/api/runner/token", {}))


def test_answer_to_a_registration_that_is_asked_for_again_ends_all_others(ada, anyone):
    body = {"code": ada.write("/api/runners/codes")["code"], "name": "web2", "instance_id": "i-1"}
    first = Api(ada.app, anyone.write("/api/runner/register", body)["token"])
    new = rotate(first)

    again = Api(ada.app, anyone.write("/api/runner/register", body)["token"])

    assert [False, False, True] == [is_taken(each) for each in (first, new, again)]


def test_two_rotations_at_once_leave_one_new_token_and_the_old_one(app, runner):
    made, start = [], threading.Barrier(4)

    def run():
        start.wait()
        made.append(rotate(runner))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert is_taken(runner)
    assert [True] == [taken for taken in map(is_taken, made) if taken]
    assert 4 == len(made)


@pytest.mark.parametrize("rotated", [False, True])
def test_rotation_adds_no_statement_to_a_poll(app, runner, rotated):
    if rotated:
        runner = rotate(runner)
    assert is_taken(runner)
    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))

    assert is_taken(runner)

    assert 1 == len([each for each in statements if "FROM runners" in each and "token" in each])
    assert not [each for each in statements if each.startswith("UPDATE")]


def test_unknown_token_is_no_old_one(app, runner):
    """A runner that never rotated has no old token; null is nobody's."""
    assert not is_taken(Api(app, make_token(TokenKind.RUNNER)))


def test_audit_log_tells_of_the_rotation_without_the_token(app, runner):
    new = rotate(runner)

    with app.app_context():
        newest = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)
        told = db.session.scalars(newest).one()
        assert ("runner.rotated", f"runner:{runner.id} web1") == (told.act, told.actor)
        assert new.token not in str(vars(told))
