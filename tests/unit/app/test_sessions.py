"""Sessions of browsers: new at each sign-in, ended on the server, cookies that only travel here."""

import pytest
from sqlalchemy import func, select, update

from app.extensions import db
from app.models import AuditEvent, BrowserSession, User
from app.services import accounts, sessions
from app.services.chores import tend
from deployr.tokens import TokenKind, digest, make_token
from tests.support.backend import Api, refusal
from tests.support.browser import ADA, BOB, Browser
from tests.support.github import FakeGithub

DAY = 24


@pytest.fixture(scope="module")
def github():
    with FakeGithub(callbacks=("http://localhost/", "https://")) as server:
        yield server


@pytest.fixture
def app(make_app, github):
    github.visitor = ADA
    return make_app(**github.settings(), DEPLOYR_SIGNUP="open")


@pytest.fixture
def browser(app):
    made = Browser(app)
    made.sign_in()
    return made


def _with(app, cookie):
    thief = Browser(app)
    thief.plant(cookie)
    return thief


def _count(app, *which):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(BrowserSession).where(*which))


def test_only_a_digest_is_stored(app, browser):
    with app.app_context():
        row = db.session.scalars(select(BrowserSession)).one()

        assert digest(browser.cookie()) == row.session
        assert ("Firefox", "127.0.0.1") == (row.browser, row.address)
    assert browser.cookie().startswith("dps_")


@pytest.mark.parametrize(
    "planted", [make_token(TokenKind.SESSION), "chosen-by-somebody"], ids=["formed", "chosen"]
)
def test_a_planted_cookie_is_never_made_good(app, planted):
    browser = _with(app, planted)
    assert not browser.is_signed_in
    browser.sign_in()

    assert browser.is_signed_in
    assert planted != browser.cookie()
    assert not _with(app, planted).is_signed_in


def test_signing_in_again_ends_the_session_before(app, browser, github):
    """Also that of somebody else, who may have planted it."""
    before = browser.cookie()
    github.visitor = BOB
    browser.sign_in()

    assert "bob@example.com" in browser.get("/account").text
    assert not _with(app, before).is_signed_in


def test_sign_out_ends_it_on_the_server(app, browser):
    stolen = browser.cookie()
    assert _with(app, stolen).is_signed_in
    browser.press("/logout")

    assert "" == browser.cookie()
    assert not _with(app, stolen).is_signed_in
    assert 1 == _count(app, BrowserSession.revoked_at.is_not(None))


def test_each_session_can_be_ended_from_any_other(app, browser):
    lost, third = Browser(app, agent="Lost phone"), Browser(app)
    lost.sign_in()
    third.sign_in()
    with app.app_context():
        mine = BrowserSession.browser == "Lost phone"
        lost_id = db.session.scalar(select(BrowserSession.id).where(mine))
    answer = browser.press(f"/account/sessions/{lost_id}/revoke")

    assert (303, "/account") == (answer.status_code, answer.headers["Location"])
    assert [True, False, True] == [each.is_signed_in for each in (browser, lost, third)]
    assert "Lost phone" not in browser.get("/account").text
    answer = browser.press("/account/sessions/revoke")
    assert (303, "/login") == (answer.status_code, answer.headers["Location"])
    assert not browser.is_signed_in
    assert not third.is_signed_in


def test_sessions_of_others_are_not_found_and_go_on(app, browser, github):
    github.visitor = BOB
    bob = Browser(app)
    bob.sign_in()
    with app.app_context():
        first = db.session.scalar(select(func.min(BrowserSession.id)))
    answer = bob.press(f"/account/sessions/{first}/revoke")

    assert (404, "text/html") == (answer.status_code, answer.mimetype)
    assert 404 == bob.press("/account/sessions/999999/revoke").status_code
    bob.press("/account/sessions/revoke")
    assert browser.is_signed_in
    assert "bob" not in browser.get("/account").text


def test_it_ends_a_week_after_it_was_last_seen(browser, clock):
    for _ in range(2):
        clock.move(hours=7 * DAY - 1)
        assert browser.is_signed_in
    clock.move(hours=7 * DAY)

    assert not browser.is_signed_in


def test_it_ends_thirty_days_after_the_sign_in(browser, clock):
    for _ in range(29):
        clock.move(hours=DAY)
        assert browser.is_signed_in
    clock.move(hours=DAY)

    assert not browser.is_signed_in


def test_it_is_stamped_at_most_each_fifteen_seconds(app, browser, clock):
    seen = []
    for _ in range(2):
        clock.move(seconds=14)
        browser.get("/account")
        with app.app_context():
            seen.append(db.session.scalars(select(BrowserSession.last_seen_at)).one().second)

    assert [0, 28] == seen


def test_sessions_that_are_over_are_forgotten_a_bite_at_a_time(app, browser, clock):
    Browser(app).sign_in()
    clock.move(hours=30 * DAY + 1)
    Browser(app).sign_in()
    with app.app_context():
        tend(None)

    assert 1 == _count(app)


def test_the_operator_ends_them_with_the_tokens(app, browser):
    with app.app_context():
        assert 0 == accounts.revoke_tokens("ada@example.com")

    assert not browser.is_signed_in


def test_whoever_is_blocked_is_out_at_once(app, browser):
    """Also when the sign-in was under way: roles count, not only what was ended."""
    with app.app_context():
        db.session.execute(update(User).values(role="blocked"))
        db.session.commit()

    assert not browser.is_signed_in


def test_sign_ins_and_outs_are_in_the_audit_log(app, browser):
    browser.press("/logout")
    with app.app_context():
        events = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
        told = [(each.act, each.actor.split()[-1], each.detail) for each in events]
        things = {each.thing.partition(":")[0] for each in events[-2:]}

    how = '{"how": "browser"}'
    assert [("user.signed_in", "ada-l", how), ("user.signed_out", "ada-l", how)] == told[-2:]
    assert {"session"} == things


@pytest.mark.parametrize("path", ["/api/user", "/api/projects", "/api/jobs"])
def test_the_cookie_opens_no_api(app, browser, path):
    answer = browser.get(path)
    assert (401, "unauthorized") == refusal(answer)
    assert (403, "wrong_token") == refusal(Api(app, browser.cookie()).get(path))


def test_no_token_opens_a_page(app, browser, ada):
    assert not _with(app, ada.token).is_signed_in
    headers = {"Authorization": f"Bearer {browser.cookie()}"}
    assert 302 == app.test_client().get("/account", headers=headers).status_code


def test_cookies_stay_here(app):
    browser = Browser(app)
    set_out = browser.get("/auth/github").headers["Set-Cookie"]
    query = browser.visit_github()
    cookies = browser.arrive(query).headers.getlist("Set-Cookie")

    assert set_out.startswith("deployr_sign_in=")
    assert ["deployr_session", "deployr_sign_in"] == [each.partition("=")[0] for each in cookies]
    for each in (set_out, *cookies):
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(each.split("; "))
        assert "Domain" not in each
        assert "Secure" not in each


@pytest.mark.parametrize(
    ("setting", "url", "headers"),
    [
        ({}, "https://localhost", {}),
        ({"DEPLOYR_PUBLIC_URL": "https://localhost"}, "http://localhost", {}),
        ({"DEPLOYR_TRUSTED_PROXIES": 1}, "http://localhost", {"X-Forwarded-Proto": "https"}),
    ],
)
def test_over_tls_cookies_travel_by_tls_alone(make_app, github, setting, url, headers):
    app = make_app(**github.settings(), **setting)
    answer = app.test_client().get("/auth/github", base_url=url, headers=headers)
    cookie = answer.headers["Set-Cookie"]

    assert cookie.startswith("__Host-deployr_sign_in=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_over_tls_a_cookie_without_the_prefix_is_not_looked_at(make_app, github):
    github.visitor = ADA
    app = make_app(**github.settings(), DEPLOYR_SIGNUP="open")
    browser = Browser(app, "https://localhost")
    browser.sign_in()
    other = Browser(app, "https://localhost")
    other.plant(browser.cookie("__Host-deployr_session"))

    assert browser.is_signed_in
    assert not other.is_signed_in
    assert 303 == browser.press("/logout").status_code


def test_sessions_are_lasting_facts():
    assert (30, 7) == (sessions.LASTS.days, sessions.IDLE.days)
