"""Is the backend well, and what does it speak?"""

from flask import Blueprint, Response, current_app

from app.api import Operation, speaks
from app.auth import public
from app.openapi import openapi_json
from app.revision import revision
from app.schemas.common import Health
from deployr import __version__
from deployr.wire import PROTOCOL

blueprint = Blueprint("health", __name__, url_prefix="/api")


@blueprint.get("/health")
@public
@speaks(Operation(answer=(Health,)))
def health() -> Health:
    """Tell that the backend runs, whether or not its database does."""
    return Health(status="ok", version=__version__, protocol=PROTOCOL, revision=revision())


@blueprint.get("/openapi.json")
@public
def openapi() -> Response:
    """Describe this API in OpenAPI 3.1."""
    return Response(openapi_json(current_app), mimetype="application/json")
