"""What the backend believes about who asks and whom: only what its operator lets it."""

import pytest
from flask import request

from app.origin import origin
from tests.support.backend import refusal

SPOOFED = {
    "X-Forwarded-For": "6.6.6.6, 203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "99",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "for=6.6.6.6;host=evil.example",
    "X-Real-Ip": "6.6.6.6",
}


def _seen(app, **headers):
    """Return the address and the URL of the request as a view sees them."""
    app.add_url_rule("/seen", view_func=lambda: f"{origin().address} {request.root_url}")
    return app.test_client().get("/seen", headers=headers).text.split()


def test_headers_of_strangers_are_not_believed(app):
    assert ["127.0.0.1", "http://localhost/"] == _seen(app, **SPOOFED)


def test_a_trusted_proxy_tells_address_and_scheme_and_nothing_else(make_app):
    app = make_app(DEPLOYR_TRUSTED_PROXIES=1)

    assert ["203.0.113.7", "https://localhost/"] == _seen(app, **SPOOFED)


def test_two_proxies_vouch_for_two_addresses(make_app):
    app = make_app(DEPLOYR_TRUSTED_PROXIES=2)
    headers = SPOOFED | {"X-Forwarded-For": "6.6.6.6, 198.51.100.1, 203.0.113.7"}

    assert "198.51.100.1" == _seen(app, **headers)[0]


def test_without_the_header_the_proxy_itself_is_told(make_app):
    app = make_app(DEPLOYR_TRUSTED_PROXIES=1)

    assert "127.0.0.1" == _seen(app)[0]


@pytest.mark.parametrize("host", ["deployr.example", "DEPLOYR.example:8443", "localhost"])
def test_any_host_is_served_unless_there_is_a_list(app, host):
    assert 200 == app.test_client().get("/api/health", headers={"Host": host}).status_code


@pytest.mark.parametrize(
    "setting",
    [
        {"DEPLOYR_PUBLIC_URL": "https://deployr.example:8443/"},
        {"DEPLOYR_ALLOWED_HOSTS": "deployr.example, .internal.example"},
    ],
)
def test_other_hosts_are_refused(make_app, setting):
    client = make_app(**setting).test_client()

    for host in ("evil.example", "deployr.example.evil.example", "", "deployr.example@evil", "["):
        refused = client.get("/api/health", headers={"Host": host})
        assert (400, "host_not_allowed") == refusal(refused)
        assert "Content-Security-Policy" in refused.headers
        page = client.get("/", headers={"Host": host})
        assert (400, "text/html") == (page.status_code, page.mimetype)
        assert "evil" not in page.text + refused.text
    for host in ("deployr.example", "deployr.example:8443"):
        assert 200 == client.get("/api/health", headers={"Host": host}).status_code


def test_the_list_replaces_the_host_of_the_public_address(make_app):
    listed = {"DEPLOYR_PUBLIC_URL": "https://a.example", "DEPLOYR_ALLOWED_HOSTS": ".b.example"}
    client = make_app(**listed).test_client()

    answers = [
        client.get("/api/health", headers={"Host": host}).status_code
        for host in ("a.example", "x.b.example")
    ]
    assert [400, 200] == answers
