"""Forms of other sites: no page but ours can act for who is signed in."""

import pytest

from tests.support.browser import ADA, BOB, Browser
from tests.support.github import FakeGithub

ACTIONS = ["/logout", "/account/sessions/revoke", "/account/sessions/1/revoke"]
FROM_ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "http://sub.localhost"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
]


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


def _refused(answer):
    return (403, "text/html") == (answer.status_code, answer.mimetype)


def test_actions_are_all_that_there_are(app):
    posts = {
        rule.rule.replace("<id:session_id>", "1")
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and not rule.rule.startswith("/api/")
    }

    assert set(ACTIONS) == posts


def test_a_form_needs_the_token_of_its_session(app, browser, github):
    github.visitor = BOB
    bob = Browser(app)
    bob.sign_in()
    old = browser.csrf()
    github.visitor = ADA
    browser.sign_in()

    mine = browser.csrf()
    for action in ACTIONS:
        for token in ("", "x", "ä", old, bob.csrf(), mine[:-1], mine.upper()):
            assert _refused(browser.post(action, csrf=token))
        assert _refused(browser.post(action))
        assert _refused(browser.post(f"{action}?csrf={mine}"))
    assert browser.is_signed_in


def test_a_form_of_elsewhere_is_refused_even_with_the_token(browser):
    for headers in FROM_ELSEWHERE:
        assert _refused(browser.post("/logout", headers, csrf=browser.csrf()))
    assert browser.is_signed_in


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"User-Agent": "of before both headers"},
    ],
)
def test_a_form_of_ours_is_taken(browser, headers):
    assert 303 == browser.post("/logout", headers, csrf=browser.csrf()).status_code
    assert not browser.is_signed_in


def test_reading_changes_nothing(browser):
    for action in ACTIONS:
        assert 405 == browser.get(action).status_code

    assert browser.is_signed_in


def test_the_public_address_counts_with_its_scheme(make_app, github):
    url = "https://deployr.example"
    github.visitor = ADA
    app = make_app(**github.settings(), DEPLOYR_SIGNUP="open", DEPLOYR_PUBLIC_URL=url + "/")
    browser = Browser(app, url)
    browser.sign_in()

    for origin in ("http://deployr.example", "https://deployr.example:444", "https://evil"):
        assert _refused(browser.post("/logout", {"Origin": origin}, csrf=browser.csrf()))
    assert 303 == browser.press("/logout").status_code


def test_a_proxy_that_speaks_tls_unknown_to_us_is_in_nobodys_way(browser):
    answer = browser.post("/logout", {"Origin": "https://localhost"}, csrf=browser.csrf())

    assert 303 == answer.status_code


def test_strangers_are_led_to_the_sign_in(app):
    answers = [Browser(app).post(action, csrf="x") for action in ACTIONS]

    assert {(303, "/login")} == {(each.status_code, each.headers["Location"]) for each in answers}
