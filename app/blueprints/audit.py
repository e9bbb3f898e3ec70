"""The audit log."""

import json

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import user_required
from app.models import AuditEvent
from app.schemas.audit import AuditEventView, AuditList, AuditQuery
from app.services import audit_view
from app.services.identity import UserActor
from app.services.paging import Window
from deployr.roles import Scope

blueprint = Blueprint("audit", __name__, url_prefix="/api/audit")


@blueprint.get("")
@user_required(Scope.READ)
@speaks(Operation(query=AuditQuery, answer=(AuditList,)))
def index(user: UserActor, query: AuditQuery) -> AuditList:
    """List events of one's account and of projects that one owns, newest first; admins see all."""
    window = Window(limit=query.limit, before=query.before)
    wanted = audit_view.Wanted(project_id=query.project_id, act=query.act)
    page = audit_view.list_events(user, window, wanted)
    return AuditList(events=[_view(row) for row in page.rows], next=page.next)


def _view(row: AuditEvent) -> AuditEventView:
    fields = {name: getattr(row, name) for name in AuditEventView.model_fields}
    return AuditEventView(**fields | {"detail": json.loads(row.detail)})
