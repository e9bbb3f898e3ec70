"""Counters of tries: by address, for a minute, and gone an hour later."""

import pytest
from sqlalchemy import func, select

from app.errors import TooMany
from app.extensions import db
from app.models import RateLimit
from app.services import limits
from app.services.tick import tick


@pytest.fixture
def attempt(app):
    """Try something from an address, at most twice a minute."""

    def make(address="192.0.2.1", what="door"):
        environ = {"REMOTE_ADDR": address}
        with app.test_request_context("/", environ_overrides=environ):
            limits.allow(what, 2)

    return make


def _counters(app):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(RateLimit))


def test_third_try_waits_for_the_next_minute(attempt, clock):
    attempt()
    clock.move(seconds=20)
    attempt()
    with pytest.raises(TooMany) as refused:
        attempt()

    assert 40 == refused.value.retry_after
    clock.move(seconds=40)
    attempt()


def test_each_address_and_each_door_counts_for_itself(attempt):
    for address, what in (("192.0.2.1", "a"), ("192.0.2.2", "a"), ("192.0.2.1", "b")):
        attempt(address, what)
        attempt(address, what)

    with pytest.raises(TooMany):
        attempt("192.0.2.1", "b")


def test_network_of_one_subscriber_is_one_address(attempt):
    attempt("2001:db8:1:2::1")
    attempt("2001:db8:1:2:ffff::9")
    with pytest.raises(TooMany):
        attempt("2001:db8:1:2::2")

    attempt("2001:db8:1:3::1")


def test_old_counters_are_forgotten(app, attempt, clock):
    for number in range(25):
        attempt(f"192.0.2.{number}")
    clock.move(minutes=59)
    with app.app_context():
        tick(5)
    assert 25 == _counters(app)

    clock.move(minutes=2)
    with app.app_context():
        tick(5)
        tick(5)
    assert 0 == _counters(app)
