"""What operators and their cron ask."""

import pytest

from app.extensions import db
from app.models import OutboxJob
from app.services import archive, outbox
from app.services.tick import tick
from tests.factories import make_job, make_runner
from tests.support.backend import Api, refusal

TICK = "a-token-for-the-cron-of-tests"


def test_tick_is_not_there_without_its_setting(anyone):
    assert (404, "not_found") == refusal(anyone.post("/api/tick"))


def test_tick_wants_its_own_token(make_app, ada):
    app = make_app(DEPLOYR_TICK_TOKEN=TICK)

    for token in (None, ada.token, TICK + "x"):
        assert (401, "unauthorized") == refusal(Api(app, token).post("/api/tick"))
    assert 200 == Api(app, TICK).post("/api/tick").status_code


def test_tick_mends_what_is_everybodys(app, ada, bob, project, clock):
    waiting = make_job(ada, project)
    clock.move(hours=25)

    with app.app_context():
        tick(5)

    (listed,) = ada.read("/api/jobs")["jobs"]
    assert (waiting["id"], "expired_in_queue") == (listed["id"], listed["reason"])


def test_failed_work_is_tried_again_later_and_given_up_at_last(app, clock):
    """Each time after a longer pause."""
    with app.app_context():
        db.session.add(
            OutboxJob(
                queue=archive.DELETE_QUEUE,
                payload='{"kind": "s3", "keys": ["a"]}',
                available_at=clock.now,
                created_at=clock.now,
            )
        )
        db.session.commit()
        tries = 0
        while (rows := outbox.due(9)) or db.session.query(OutboxJob).count():
            tries += sum(not outbox.work(row) for row in rows)
            clock.move(minutes=1)

    assert outbox.MAX_ATTEMPTS == tries


@pytest.fixture
def crowded(make_app, ada):
    """Three runners where the budget has room for two."""
    app = make_app(DEPLOYR_POLL_BUDGET="1", DEPLOYR_POLL_MAX_SECONDS="2")
    runners = [make_runner(ada) for _ in range(3)]
    polls = [Api(app, runner.token).read("/api/runner/jobs") for runner in runners]
    return app, polls


def test_more_runners_than_the_budget_allows_are_told_of(crowded):
    app, _ = crowded

    done = app.test_cli_runner().invoke(args=["deployr", "doctor"])

    assert 1 == done.exit_code
    assert "3 runners are online" in done.output
    assert "there is room for 2" in done.output


def test_longest_pause_wins_over_the_budget(crowded):
    _, polls = crowded

    assert 2.0 <= polls[-1]["poll_after"] <= 2.4
