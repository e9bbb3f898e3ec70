"""Headers of every answer: what a browser may do with it."""

import secrets

from flask import Flask, Response, g

from app.address import over_https

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: forms would then be sent with `Origin: null`, which proves nothing.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_YEAR_SECONDS = 365 * 24 * 3600


def init_headers(app: Flask) -> None:
    """Send the headers, and offer pages `csp_nonce()` for their own `<style>` and `<script>`."""
    app.after_request(_harden)
    app.jinja_env.globals["csp_nonce"] = _nonce


def _nonce() -> str:
    """Return the nonce of this answer."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _harden(answer: Response) -> Response:
    page = answer.mimetype == "text/html"
    policy = _PAGE_POLICY.format(nonce=_nonce()) if page else _DATA_POLICY
    answer.headers["Content-Security-Policy"] = policy
    answer.headers.update(_ALWAYS)
    answer.headers.setdefault("Cache-Control", "no-store")
    if over_https():
        answer.headers["Strict-Transport-Security"] = f"max-age={_YEAR_SECONDS}"
    return answer
