"""Pages for people who open the backend's address in a browser."""

from flask import Blueprint, Response, make_response, render_template

from app.auth import public
from deployr import __version__

blueprint = Blueprint("pages", __name__)

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@blueprint.get("/")
@public
def home() -> Response:
    """Say what this is."""
    page = make_response(render_template("home.html", version=__version__))
    page.headers["Content-Security-Policy"] = _POLICY
    return page
