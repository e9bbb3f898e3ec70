"""The page for people who open the backend's address in a browser."""

from flask import Blueprint

from app.address import base_url
from app.auth import session_optional
from app.rendering import render
from app.services.sessions import Session
from deployr import __version__

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
@session_optional
def home(session: Session | None) -> str:
    """Say what this is, and who is signed in."""
    return render("home.html", session, version=__version__, address=base_url())
