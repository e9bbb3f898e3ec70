"""A request that names two tokens is nobody's, whichever comes first."""

import http.client
from urllib.parse import urlsplit

import pytest


def status(backend, *values):
    """GET /api/user with an Authorization header for each value."""
    connection = http.client.HTTPConnection(urlsplit(backend.url).netloc, timeout=10)
    connection.putrequest("GET", "/api/user")
    for value in values:
        connection.putheader("Authorization", value)
    connection.endheaders()
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("first", [True, False])
def test_second_authorization_header_is_refused(backend, first):
    mine = f"Bearer {backend.token}"
    assert 200 == status(backend, mine)

    for other in (mine, "Bearer dpu_wrong", "Basic eDp5", ""):
        both = (mine, other) if first else (other, mine)
        assert 401 == status(backend, *both), other
