"""One-time codes: whom they register for, and that they do so once."""

import threading

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models import RegistrationCode, Runner
from deployr.tokens import TokenKind, make_token
from tests.support.backend import Api, refusal

RUNS = 5


@pytest.fixture
def code(ada):
    return ada.write("/api/runners/codes")["code"]


def register(api, code, **fields):
    return api.post("/api/runner/register", {"code": code, "name": "web1"} | fields)


def at_once(app, bodies):
    """Register with all these bodies at the same moment; return the answers."""
    answers, start = [], threading.Barrier(len(bodies))

    def run(body):
        start.wait()
        answers.append(Api(app).post("/api/runner/register", body))

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def runners(app):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Runner))


def test_of_two_who_come_at_once_one_is_registered(app, ada):
    for number in range(1, RUNS + 1):
        code = ada.write("/api/runners/codes")["code"]
        bodies = [{"code": code, "name": f"{name}{number}"} for name in ("one", "two")]

        answers = sorted(at_once(app, bodies), key=lambda answer: answer.status_code)

        assert 201 == answers[0].status_code
        assert (401, "bad_code") == refusal(answers[1])
        assert number == runners(app)


def test_runner_that_asks_twice_at_once_is_one_runner(app, ada):
    """Its first request may still be at work when it gives up waiting and asks again."""
    for number in range(1, RUNS + 1):
        code = ada.write("/api/runners/codes")["code"]
        body = {"code": code, "name": f"web{number}", "instance_id": "i-1"}

        answers = at_once(app, [body, body])

        assert [201, 201] == [answer.status_code for answer in answers]
        assert 1 == len({answer.json["runner_id"] for answer in answers})
        assert number == runners(app)
        polls = [Api(app, each.json["token"]).get("/api/runner/jobs") for each in answers]
        assert [200, 401] == sorted(poll.status_code for poll in polls)


def test_code_registers_for_its_maker_whoever_sends_it(ada, bob, code):
    assert 201 == register(bob, code).status_code

    assert ["web1"] == [each["name"] for each in ada.read("/api/runners")["runners"]]
    assert [] == bob.read("/api/runners")["runners"]


def test_broken_code_is_not_made_up_for_by_a_users_token(ada, code):
    assert (401, "bad_code") == refusal(register(ada, code[:-1]))
    assert [] == ada.read("/api/runners")["runners"]


CHANGED = {
    "truncated": lambda code: code[:-1],
    "extended": lambda code: code + "0",
    "lower case": str.lower,
    "spaces": lambda code: f" {code}",
    "another kind": lambda code: "dpu_" + code[4:],
    "nobody's": lambda _: make_token(TokenKind.REGISTRATION_CODE),
}


def test_changed_code_is_refused_and_the_code_still_works(anyone, code):
    for name, change in CHANGED.items():
        refused = refusal(register(anyone, change(code)))
        assert (401, "bad_code", name) == (*refused, name)

    assert 201 == register(anyone, code).status_code


def test_tokens_are_no_codes(ada, runner, anyone):
    for token in (ada.token, runner.token):
        assert (401, "bad_code") == refusal(register(anyone, token, name="web2"))


def test_code_works_until_its_last_second(anyone, code, clock):
    clock.move(minutes=14, seconds=59)

    assert 201 == register(anyone, code).status_code


def test_used_code_of_a_revoked_runner_is_not_reissued(ada, anyone, code):
    made = register(anyone, code, instance_id="i-1").json
    ada.write(f"/api/runners/{made['runner_id']}/revoke")

    assert (401, "bad_code") == refusal(register(anyone, code, instance_id="i-1"))


def test_code_is_stored_as_its_digest_only(app, code):
    with app.app_context():
        (row,) = db.session.scalars(select(RegistrationCode))
        assert code not in str(vars(row))


def test_each_code_is_another_one(ada):
    assert 3 == len({ada.write("/api/runners/codes")["code"] for _ in range(3)})
