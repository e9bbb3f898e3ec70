"""A browser before the Lambda handler: cookies both ways, forms, files that are no text."""

import importlib
import json
import random
import re
import sys
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests

from app.blueprints import downloads
from tests.support.databases import at, empty_database
from tests.support.github import FakeGithub, account
from tests.support.lambda_events import EVENTS, KINDS, Visitor

SESSION = "__Host-deployr_session"
SIGN_IN = "__Host-deployr_sign_in"
WHEEL = "deployr-1.0-py3-none-any.whl"


@pytest.fixture
def github():
    with FakeGithub() as server:
        server.visitor = account(7, "ada")
        yield server


@pytest.fixture(params=KINDS)
def visitor(request, github, monkeypatch):
    """A browser before a backend that knows this GitHub."""
    host = json.loads((EVENTS / f"{request.param}.json").read_text())["requestContext"]
    github.callbacks = (f"https://{host['domainName']}/",)
    for name, value in (at(empty_database("mariadb")) | github.settings()).items():
        monkeypatch.setenv(name, str(value))
    sys.modules.pop("app.serverless", None)
    return Visitor(importlib.import_module("app.serverless").handler, request.param)


def header(answer, name):
    """Return a header of an answer."""
    if "multiValueHeaders" in answer:
        return answer["multiValueHeaders"][name][0]
    return answer["headers"][name.lower()]


def test_browser_signs_in_and_out(visitor):
    """Two cookies in one answer: the session comes and the ticket goes."""
    way = header(visitor.open("/auth/github")[0], "Location")
    assert {SIGN_IN} == set(visitor.cookies)
    while "/login/oauth/authorize" in way:
        answer = requests.get(way, allow_redirects=False, timeout=10)
        way = urljoin(way, answer.headers["Location"])
    back = urlsplit(way)
    assert dict(parse_qsl(back.query)).keys() >= {"code", "state"}
    visitor.cookies["theirs"] = "another"

    arrived, _ = visitor.open(f"{back.path}?{back.query}")

    assert (302, {SESSION, "theirs"}) == (arrived["statusCode"], set(visitor.cookies))
    account_page, page = visitor.open("/account")
    assert 200 == account_page["statusCode"]
    csrf = re.findall(r'name="csrf"\s+value="(\w+)"', page.decode())[0]
    assert 303 == visitor.open("/logout", {"csrf": csrf})[0]["statusCode"]
    assert {"theirs"} == set(visitor.cookies)


def test_file_that_is_no_text_arrives_whole(visitor, tmp_path, monkeypatch):
    """The wheel of runners."""
    monkeypatch.setattr(downloads, "_folder", lambda: tmp_path)
    wheel = random.Random(1).randbytes(100_000)
    (tmp_path / WHEEL).write_bytes(wheel)

    answer, body = visitor.open(f"/dist/{WHEEL}")

    assert (200, True) == (answer["statusCode"], answer["isBase64Encoded"])
    assert wheel == body
