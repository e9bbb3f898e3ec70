"""For whoever runs the backend: its cron, and its load balancer."""

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import public, tick_required
from app.schemas.operations import Ready, TickDone
from app.services import health
from app.services.tick import tick

blueprint = Blueprint("operations", __name__, url_prefix="/api")

TICK_SECONDS = 20.0
"""Serverless platforms end requests after 30 s."""


@blueprint.get("/ready")
@public
@speaks(Operation(answer=(Ready,), refuses=(503,)))
def ready() -> Ready:
    """Tell whether requests can be served: the database is there and migrated."""
    health.check_database()
    return Ready(status="ok")


@blueprint.post("/tick")
@tick_required
@speaks(Operation(answer=(TickDone,), refuses=(401, 404)))
def run_tick() -> TickDone:
    """Do background work that is due: for a cron that can only call an address."""
    return TickDone.model_validate(tick(TICK_SECONDS))
