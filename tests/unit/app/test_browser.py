"""Signing in with a browser: to GitHub and back, bound to this browser, once."""

from urllib.parse import parse_qs, urlsplit

import pytest

from app.services.browser_sign_in import local_path
from tests.support.browser import ADA, BOB, Browser
from tests.support.github import FakeGithub

CALLBACK = "http://localhost/auth/github/callback"
ELSEWHERE = [
    "//evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/account\r\nSet-Cookie: evil=1",
    "/a\\b",
    " /account",
    "/\x00",
    "account",
    "",
    "/" + "a" * 501,
]


@pytest.fixture
def github():
    with FakeGithub(visitor=ADA) as server:
        yield server


@pytest.fixture
def app(make_app, github):
    return make_app(**github.settings(), DEPLOYR_SIGNUP="open")


@pytest.fixture
def browser(app):
    return Browser(app)


def test_sign_in_and_out(browser):
    assert "Sign in with GitHub" in browser.get("/login").text
    assert "/account" == browser.sign_in(next="/account").headers["Location"]
    account = browser.get("/account").text
    assert "Ada L." in account
    assert "Firefox" in account
    assert "Ada L." in browser.get("/").text

    answer = browser.press("/logout", page="/")

    assert (303, "/login") == (answer.status_code, answer.headers["Location"])
    assert not browser.is_signed_in
    assert "Ada" not in browser.get("/").text


def test_pages_lead_strangers_to_the_sign_in_and_back(browser):
    asked = browser.get("/account", page="2")

    assert "/login?next=/account?page%3D2" == asked.headers["Location"]
    link = browser.get("/login", next="/account?page=2").text
    assert 'href="/auth/github?next=/account?page%3D2"' in link
    assert "/account?page=2" == browser.sign_in(next="/account?page=2").headers["Location"]
    assert "/account" == browser.get("/login", next="/account").headers["Location"]


def test_nobody_is_led_elsewhere(browser):
    answer = browser.sign_in(next=ELSEWHERE[0])
    assert "/" == answer.headers["Location"]
    for there in ELSEWHERE:
        assert "/" == local_path(there)
        answer = browser.get("/login", next=there)
        assert "/" == answer.headers["Location"]
        assert "evil" not in str(answer.headers)


def test_own_pages_are_found_again():
    for there in ("/", "/account", "/jobs/7?log=1#end", "/a//b", "/ä"):
        assert there == local_path(there)


def test_github_is_asked_with_state_and_pkce(browser, github):
    asked = urlsplit(browser.get("/auth/github").headers["Location"])
    query = {name: values[0] for name, values in parse_qs(asked.query).items()}

    assert f"{github.url}/login/oauth/authorize" == asked._replace(query="").geturl()
    assert {
        "client_id": "our-app",
        "redirect_uri": CALLBACK,
        "scope": "read:user user:email",
        "code_challenge_method": "S256",
    }.items() <= query.items()
    assert (43, 43) == (len(query["state"]), len(query["code_challenge"]))


def test_a_code_that_was_asked_for_elsewhere_lacks_the_verifier(browser, github):
    """The GitHub of the tests checks PKCE: it knows the challenge, and gets our verifier."""
    query = browser.visit_github()
    stolen = query | {"code": github.code_for(ADA, "v" * 50, CALLBACK)}

    assert 403 == browser.arrive(stolen).status_code
    assert not browser.is_signed_in


@pytest.mark.parametrize("state", ["", "wrong", "ä"])
def test_another_state_is_refused(browser, state):
    answer = browser.arrive(browser.visit_github() | {"state": state})

    assert (400, True) == (answer.status_code, "begin anew" in answer.text)
    assert not browser.is_signed_in


def test_the_way_back_is_bound_to_the_browser(app, browser, github):
    """Else a link could sign somebody in as another user, who then reads what he does."""
    github.visitor = BOB
    bobs = Browser(app).visit_github()

    assert 400 == browser.arrive(bobs).status_code
    github.visitor = ADA
    browser.visit_github()
    assert 400 == browser.arrive(bobs).status_code
    assert not browser.is_signed_in


def test_the_way_back_leads_in_once(browser):
    query = browser.visit_github()
    assert 302 == browser.arrive(query).status_code
    assert "" == browser.cookie("deployr_sign_in")

    assert 400 == browser.arrive(query).status_code


def test_a_kept_ticket_does_not_make_the_code_good_again(browser):
    query = browser.visit_github()
    ticket = browser.cookie("deployr_sign_in")
    browser.arrive(query)
    browser.press("/logout")
    browser.plant(ticket, "deployr_sign_in")

    assert 403 == browser.arrive(query).status_code
    assert not browser.is_signed_in


def test_a_refused_try_is_over(browser):
    query = browser.visit_github()
    browser.arrive(query | {"state": "wrong"})

    assert 400 == browser.arrive(query).status_code


def test_the_way_back_is_open_for_ten_minutes(browser, clock):
    query = browser.visit_github()
    clock.move(minutes=10)

    assert 400 == browser.arrive(query).status_code


def test_forged_tickets_are_refused(browser):
    query = browser.visit_github()
    browser.plant(browser.cookie("deployr_sign_in")[:-1] + "!", "deployr_sign_in")

    assert 400 == browser.arrive(query).status_code


def test_who_denies_at_github_is_told_to_agree(browser, github):
    github.visitor = None
    answer = browser.arrive(browser.visit_github())

    assert (400, True) == (answer.status_code, "GitHub did not let you in" in answer.text)


def test_who_is_not_admitted_is_told_so(make_app, github, ada):
    browser = Browser(make_app(**github.settings()))
    answer = browser.arrive(browser.visit_github())

    assert (403, "text/html") == (answer.status_code, answer.mimetype)
    assert "ada-l is not admitted here" in answer.text
    assert not browser.is_signed_in


def test_github_that_is_down(browser, github):
    query = browser.visit_github()
    github.broken = True

    assert 503 == browser.arrive(query).status_code


def test_tries_are_limited(make_app, github):
    browser = Browser(make_app(**github.settings(), DEPLOYR_SIGN_INS_PER_MINUTE=2))
    answers = [browser.arrive({"state": "x"}) for _ in range(3)]

    assert [400, 400, 429] == [answer.status_code for answer in answers]
    assert answers[-1].headers["Retry-After"]


def test_without_github_the_page_says_what_to_do(make_app):
    browser = Browser(make_app())

    assert "flask deployr user create" in browser.get("/login").text
    assert 503 == browser.get("/auth/github").status_code
    assert 400 == browser.get("/auth/github/callback").status_code


def test_github_sends_back_to_the_public_address(make_app, github):
    public = {"DEPLOYR_PUBLIC_URL": "https://deployr.example/"}
    app = make_app(**github.settings(), **public, DEPLOYR_SIGNUP="open")
    github.callbacks = ("https://deployr.example/auth/github/callback",)

    assert 302 == Browser(app, "https://deployr.example").sign_in().status_code


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "{{ 1234567*7654321 }}", "'\"><img src=x>"]
)
def test_what_others_chose_is_shown_as_text(app, github, hostile):
    github.visitor = type(ADA)(id=9, login=hostile, name=hostile, emails=ADA.emails)
    browser = Browser(app, agent=hostile)
    browser.sign_in()

    for page in ("/", "/account"):
        text = browser.get(page).text
        assert "<script>" not in text
        assert "<img" not in text
        # A short one might stand in the random token of a form.
        assert f"{1234567 * 7654321}" not in text
    assert "<script>" not in browser.get("/login", next="/<script>").text
