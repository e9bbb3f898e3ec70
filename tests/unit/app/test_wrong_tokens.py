"""A token works in one place and in one form only, and guesses cost the database little."""

import base64
import itertools
import logging
import random
import string
from collections import Counter

import pytest
from sqlalchemy import event
from werkzeug.test import EnvironBuilder

from app.extensions import db
from deployr.tokens import TokenKind, is_wellformed, make_token
from tests.support.backend import refusal

SEED = 20260203
LETTERS = string.digits + string.ascii_letters


@pytest.fixture
def held(ada, runner):
    """A token of each kind, with a route that would take it if it came as it should."""
    code = ada.write("/api/runners/codes")["code"]
    routes = {ada.token: "/api/user", runner.token: "/api/runner/jobs", code: "/api/user"}
    return [(path, token) for token, path in routes.items()]


def basic(name, password):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


WRONG_PLACES = {
    "query": lambda token: {"query_string": {"token": token, "access_token": token}},
    "query as a header": lambda token: {"query_string": {"Authorization": f"Bearer {token}"}},
    "cookie": lambda token: {"headers": {"Cookie": f"token={token}; Authorization={token}"}},
    "password": lambda token: {"headers": {"Authorization": basic("x", token)}},
    "user name": lambda token: {"headers": {"Authorization": basic(token, "")}},
    "no scheme": lambda token: {"headers": {"Authorization": token}},
    "other scheme": lambda token: {"headers": {"Authorization": f"Token {token}"}},
    "other header": lambda token: {"headers": {"X-Api-Key": token, "X-Auth-Token": token}},
    "proxy's header": lambda token: {"headers": {"Proxy-Authorization": f"Bearer {token}"}},
    "body": lambda token: {"json": {"token": token, "access_token": token}},
}


def test_token_in_a_wrong_place_is_no_token(app, held):
    client = app.test_client()
    for (path, token), (name, place) in itertools.product(held, WRONG_PLACES.items()):
        answer = client.get(path, **place(token))

        assert (name, 401) == (name, answer.status_code)
        assert token not in answer.text + str(answer.headers)


WRONG_FORMS = {
    "lower case": str.lower,
    "upper case": str.upper,
    "truncated": lambda token: token[:-1],
    "without its beginning": lambda token: token[4:],
    "half": lambda token: token[: len(token) // 2],
    "extended": lambda token: token + "0",
    "twice": lambda token: f"{token}{token}",
    "duplicated header": lambda token: f"{token},Bearer {token}",
    "duplicated header, as some servers join it": lambda token: f"{token}, Bearer {token}",
    "list": lambda token: f"{token} {token}",
    "parameter": lambda token: f"{token}; x=1",
    "quoted": lambda token: f'"{token}"',
    "scheme twice": lambda token: f"Bearer {token}",
    "space inside": lambda token: f"{token[:20]} {token[20:]}",
    "tab inside": lambda token: f"{token[:20]}\t{token[20:]}",
    "reversed": lambda token: token[::-1],
    "next letter": lambda token: token[:-1] + chr(ord(token[-1]) ^ 1),
    "wildcard": lambda token: token[:-1] + "%",
    "SQL": lambda token: f"{token}' OR '1'='1",
    "other kind": lambda token: ("dpu_" if token.startswith("dpr_") else "dpr_") + token[4:],
    "empty": lambda _: "",
    "latin letters": lambda token: token[:-1] + "\u00df",
}


def test_token_in_another_form_is_an_unknown_one(app, held):
    client = app.test_client()
    for (path, token), (name, form) in itertools.product(held, WRONG_FORMS.items()):
        answer = client.get(path, headers={"Authorization": f"Bearer {form(token)}"})

        assert (name, 401, "unauthorized") == (name, *refusal(answer))


def test_scheme_may_be_written_in_any_case(app, ada):
    for header in ("Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}  "):
        headers = {"Authorization": header.format(ada.token)}
        assert 200 == app.test_client().get("/api/user", headers=headers).status_code


def test_token_of_another_kind_is_told_what_is_needed(app, ada, runner):
    code = ada.write("/api/runners/codes")["code"]
    wrong = {"/api/user": (runner.token, code), "/api/runner/jobs": (ada.token, code)}
    for path, tokens in wrong.items():
        for token in tokens:
            answer = app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})
            assert (403, "wrong_token") == refusal(answer)


def guesses():
    """Return 10,000 tokens that nobody has: half of them of the right form."""
    chance = random.Random(SEED)
    good = [make_token(TokenKind.USER) for _ in range(5_000)]
    changes = (
        lambda token: token[: chance.randrange(len(token))],
        lambda token: token + chance.choice(LETTERS),
        lambda token: "".join(chance.sample(token, len(token))),
        lambda token: "dpu_" + "".join(chance.choices(LETTERS, k=49)),
        lambda token: "".join(map(chr, chance.choices(range(33, 256), k=chance.randrange(200)))),
    )
    broken = [changes[number % len(changes)](token) for number, token in enumerate(good)]
    return good, [each for each in broken if not is_wellformed(each, TokenKind.USER)]


def statuses(app, tokens):
    """Return how often each status was answered."""
    environ = EnvironBuilder(path="/api/user").get_environ()
    found: Counter[str] = Counter()
    for token in tokens:
        given = environ | {"HTTP_AUTHORIZATION": f"Bearer {token}"}
        b"".join(app.wsgi_app(given, lambda status, *_: found.update([status[:3]])))
    return found


def test_ten_thousand_guesses_are_refused_and_broken_ones_cost_no_query(app, caplog):
    caplog.set_level(logging.WARNING, logger="app.request")  # ten thousand lines help nobody
    good, broken = guesses()
    assert 10_000 == len(good) + len(broken)
    statements: Counter[str] = Counter()
    with app.app_context():
        event.listen(
            db.engine,
            "before_cursor_execute",
            lambda _, __, statement, *___: statements.update([statement.split()[0]]),
        )

    assert {"401": len(broken)} == statuses(app, broken)
    assert {} == statements
    assert {"401": len(good)} == statuses(app, good)
    del statements["BEGIN"]
    assert {"SELECT": len(good)} == statements
