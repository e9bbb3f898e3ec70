"""The firewall of these tests is on: it refuses what the protocol avoids for its sake."""

import json

import pytest
import requests

from deployr.wire import decode_base64, encode_base64
from tests.support.apache import LEAK, Apache
from tests.support.live import LiveBackend

STATUS = "/api/runner/jobs/1/status"
EVIL = "npm ci; cat /etc/passwd"
PLAIN_LOG = {"status": "running", "logs": EVIL}
BARE = {"name": "shop", "repo_url": "https://203.0.113.7/shop.git"}
LARGE = {"status": "running", "data": "A" * 131_072}
USUAL = "H4sI+if+AA=="
"""Base64 as it is usual; letters of that kind come by chance."""


@pytest.fixture(scope="module")
def apache():
    """A server whose backend itself answers 401: nobody has a token."""
    with LiveBackend() as backend, Apache(backend.url) as server:
        yield server


def send(apache, method, path, body, kind="application/json"):
    """Return the answer, and what the firewall said of it."""
    said = len(apache.denials())
    sent = json.dumps(body) if isinstance(body, dict) else body
    headers = {"Content-Type": kind, "Accept": "application/json"}
    answer = requests.request(method, apache.url + path, data=sent, headers=headers, timeout=30)
    return answer, apache.denials()[said:]


@pytest.mark.parametrize(
    ("expected", "method", "path", "body"),
    [
        (403, "POST", STATUS, PLAIN_LOG),
        (403, "POST", "/api/projects", BARE),
        (403, "GET", "/api/projects?name=package.json", None),
        (403, "PUT", "/api/projects/1", {"branch": "main"}),
        (403, "PATCH", "/api/projects/1", {"branch": "main"}),
        (403, "DELETE", "/api/projects/1", None),
        (403, "POST", STATUS, {"status": "running", "data": USUAL}),
        (413, "POST", STATUS, LARGE),
    ],
)
def test_request_is_refused(apache, expected, method, path, body):
    answer, denials = send(apache, method, path, body)

    assert (expected, 1) == (answer.status_code, len(denials)), denials
    assert "X-Content-Type-Options" not in answer.headers


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream"])
def test_other_content_is_refused(apache, kind):
    answer, denials = send(apache, "POST", STATUS, "x", kind)

    assert (403, 1) == (answer.status_code, len(denials)), denials


def test_answer_is_refused(apache):
    """What a backend must not say as text/plain."""
    answer, denials = send(apache, "GET", "/leak", None)

    assert 403 == answer.status_code
    assert LEAK not in answer.text
    assert "(phase 4)" in denials[0]


@pytest.mark.parametrize("raw", [EVIL.encode(), decode_base64(USUAL)])
def test_the_same_passes_in_our_base64(apache, raw):
    """And meets the backend, which knows no token here."""
    body = {"status": "running", "data": encode_base64(raw)}

    answer, denials = send(apache, "POST", STATUS, body)

    assert (401, "unauthorized") == (answer.status_code, answer.json()["code"])
    assert [] == denials
