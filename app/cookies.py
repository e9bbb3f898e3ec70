"""Our cookies: for this host and its server side only, and only over TLS where there is TLS."""

from flask import request
from werkzeug.wrappers import Response

from app.address import over_https

SESSION = "deployr_session"
SIGN_IN = "deployr_sign_in"


def read(name: str) -> str:
    """Return what the browser sent, or an empty text."""
    return request.cookies.get(_full(name), "")


def put(answer: Response, name: str, value: str, seconds: int) -> None:
    """Let the browser keep a value for so long."""
    answer.set_cookie(
        _full(name),
        value,
        max_age=seconds,
        secure=over_https(),
        httponly=True,
        samesite="Lax",
    )


def drop(answer: Response, name: str) -> None:
    """Let the browser forget a value."""
    put(answer, name, "", 0)


def _full(name: str) -> str:
    # With the prefix browsers take it from this very host only: no neighbour can plant one.
    return f"__Host-{name}" if over_https() else name
