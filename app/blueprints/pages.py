"""Pages for people who open the backend's address in a browser."""

from flask import Blueprint, render_template

from app.auth import public
from deployr import __version__

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
@public
def home() -> str:
    """Say what this is."""
    return render_template("home.html", version=__version__)
