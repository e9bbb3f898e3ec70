"""Forms that only our own pages can send: a token of the session, and where they come from."""

import hmac
from urllib.parse import urlsplit

from flask import request

from app.address import base_url
from app.config import settings
from app.errors import Forbidden
from app.secret_key import keyed_hash
from app.services.sessions import Session

FIELD = "csrf"


def csrf_token(session: Session) -> str:
    """Return what each form of this session carries."""
    return keyed_hash("csrf", session.digest)


def check_form(session: Session) -> None:
    """Raise Forbidden unless the form that was sent is one of ours, made for this session."""
    given = request.form.get(FIELD, "").encode()
    if not (_is_from_here() and hmac.compare_digest(given, csrf_token(session).encode())):
        raise Forbidden("not_our_form", "This form is out of date: go back, reload and try again.")


def _is_from_here() -> bool:
    """Tell whether the browser says so; old ones say nothing, and only the token counts."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    return site in {"same-origin", "none"} and (origin is None or _is_own(origin))


def _is_own(origin: str) -> bool:
    # Only with a public address do we know whether a proxy before us speaks TLS.
    if settings().public_url:
        return urlsplit(origin)[:2] == urlsplit(base_url())[:2]
    return origin.partition("://")[2] == request.host
