"""Signing in with GitHub, against a small real GitHub."""

import pytest

from tests.factories import make_user
from tests.support.backend import Api, refusal
from tests.support.github import ANOTHERS, Account

VERIFIED = [
    {"email": "other@example.com", "primary": False, "verified": True},
    {"email": "Ada@Example.com", "primary": True, "verified": True},
]
VERIFIER = "a-verifier-that-only-one-command-line-knows-012345"
DONE = "http://127.0.0.1:9/done"
ADA = Account(id=7, login="ada-l", emails=VERIFIED, name="Ada L.")


@pytest.fixture
def app(make_app, github):
    return make_app(**github.settings())


def _sign_in(anyone, **fields):
    return anyone.post("/api/auth/github", fields or {"access_token": "gho_ada"})


def test_known_email_is_linked_and_gets_a_working_token(app, anyone, github):
    user = make_user(app, "Ada", "ada@example.com")
    github.sign_up("gho_ada", ADA)

    answer = _sign_in(anyone).json

    expected = {
        "id": user.id,
        "name": "Ada",
        "email": "ada@example.com",
        "github_login": "ada-l",
        "handle": "ada",
        "role": "admin",
    }
    assert expected == answer["user"]
    for api in (Api(app, answer["token"]), user):
        seen = api.read("/api/user")
        del seen["token"]
        assert expected == seen


def test_linked_user_is_known_by_id_when_the_email_changes(app, anyone, github):
    make_user(app, "Ada", "ada@example.com")
    github.sign_up("gho_ada", ADA)
    first = _sign_in(anyone).json
    moved = [{"email": "new@example.com", "primary": True, "verified": True}]
    github.sign_up("gho_ada", Account(id=7, login="ada-new", emails=moved))

    second = _sign_in(anyone).json

    assert first["user"] | {"github_login": "ada-new"} == second["user"]
    assert first["token"] != second["token"]


def test_token_of_another_app_proves_nothing(app, anyone, github):
    make_user(app, "Ada", "ada@example.com")
    github.sign_up("gho_ada", ADA, issued_to=ANOTHERS)

    assert (401, "github_refused") == refusal(_sign_in(anyone))


def test_unknown_token_is_refused(app, anyone):
    assert (401, "github_refused") == refusal(_sign_in(anyone))


def test_token_that_was_revoked_at_github_is_refused(app, anyone, github):
    github.sign_up("gho_ada", ADA)
    assert 200 == _sign_in(anyone).status_code
    github.revoke("gho_ada")

    assert (401, "github_refused") == refusal(_sign_in(anyone))


def test_token_that_is_ours_but_no_longer_works_is_refused(app, anyone, github):
    github.issued_to["gho_ada"] = "our-app"

    assert (401, "github_refused") == refusal(_sign_in(anyone))


@pytest.mark.parametrize(
    "emails",
    [[], [VERIFIED[0]], [{"email": "ada@example.com", "primary": True, "verified": False}]],
)
def test_without_a_verified_primary_email_nobody_comes_in(app, anyone, github, emails):
    make_user(app, "Ada", "ada@example.com")
    github.sign_up("gho_ada", Account(id=7, login="ada-l", emails=emails))

    assert (403, "email_not_verified") == refusal(_sign_in(anyone))


def test_strangers_are_not_admitted(app, anyone, github):
    make_user(app, "Bob")
    github.sign_up("gho_ada", ADA)

    answer = _sign_in(anyone)

    assert (403, "not_admitted") == refusal(answer)
    assert "user create" in answer.json["detail"]


def test_open_signup_creates_the_user(make_app, github):
    app = make_app(**github.settings(), DEPLOYR_SIGNUP="open")
    github.sign_up("gho_ada", ADA)

    first, second = (_sign_in(Api(app)).json["user"] for _ in range(2))

    assert first == second
    assert ("Ada L.", "ada@example.com") == (first["name"], first["email"])


def test_email_of_somebody_else_linked_is_not_taken_over(app, anyone, github):
    make_user(app, "Ada", "ada@example.com")
    github.sign_up("gho_ada", ADA)
    _sign_in(anyone)
    github.sign_up("gho_eve", Account(id=8, login="eve", emails=VERIFIED))

    answer = _sign_in(anyone, access_token="gho_eve")

    assert (403, "not_admitted") == refusal(answer)


def test_code_is_exchanged_once(app, anyone, github):
    make_user(app, "Ada", "ada@example.com")
    proof = {"code": github.code_for(ADA, VERIFIER, DONE)}
    proof |= {"code_verifier": VERIFIER, "redirect_uri": DONE}

    assert "ada@example.com" == _sign_in(anyone, **proof).json["user"]["email"]
    assert (401, "github_refused") == refusal(_sign_in(anyone, **proof))


def test_code_for_another_app_is_refused(app, anyone, github):
    make_user(app, "Ada", "ada@example.com")
    code = github.code_for(ADA, VERIFIER, DONE, app=ANOTHERS)
    answer = _sign_in(anyone, code=code, code_verifier=VERIFIER, redirect_uri=DONE)

    assert (401, "github_refused") == refusal(answer)


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "stale"},
        {"code_verifier": "another-verifier-of-the-same-length-0123456789"},
        {"code_verifier": None},
        {"redirect_uri": "http://127.0.0.1:10/done"},
    ],
)
def test_code_that_github_refuses(app, anyone, github, wrong):
    proof = {"code": github.code_for(ADA, VERIFIER, DONE), "code_verifier": VERIFIER}

    assert (401, "github_refused") == refusal(
        _sign_in(anyone, **proof | {"redirect_uri": DONE} | wrong)
    )


@pytest.mark.parametrize("fields", [{"code": "code-1"}, {"access_token": "gho_ada"}])
def test_github_that_does_not_answer(app, anyone, github, fields):
    github.broken = True

    assert (503, "github_unreachable") == refusal(_sign_in(anyone, **fields))


def test_github_that_lets_no_more_calls_in_is_not_the_users_fault(app, anyone, github):
    github.exhausted = True

    assert (503, "github_unreachable") == refusal(_sign_in(anyone, access_token="gho_ada"))


@pytest.mark.parametrize(
    "garbage", [b"<html>", b"[]", b"null", b'{"id": "x"}', b'{"app": 7}', b"\xff", b"[" * 100_000]
)
@pytest.mark.parametrize("fields", [{"code": "code-1"}, {"access_token": "gho_ada"}])
def test_answers_that_make_no_sense(app, anyone, github, fields, garbage):
    github.garbage = garbage

    assert (503, "github_unreachable") == refusal(_sign_in(anyone, **fields))


@pytest.mark.parametrize("fields", [{"code": "code-1"}, {"access_token": "gho_ada"}])
def test_wrong_secret_of_the_backend_is_not_the_users_fault(make_app, github, fields):
    app = make_app(**github.settings() | {"DEPLOYR_GITHUB_CLIENT_SECRET": "wrong"})

    assert (503, "github_misconfigured") == refusal(_sign_in(Api(app), **fields))


def test_backend_without_github_says_what_to_do(make_app):
    answer = _sign_in(Api(make_app()))

    assert (503, "github_not_configured") == refusal(answer)
    assert "flask deployr user create" in answer.json["detail"]


@pytest.mark.parametrize("fields", [{}, {"access_token": "a", "code": "b"}])
def test_exactly_one_proof_is_wanted(app, anyone, fields):
    answer = anyone.post("/api/auth/github", fields)

    assert (422, "invalid") == refusal(answer)
