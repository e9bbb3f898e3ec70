"""API tokens, as their owner sees them."""

from http import HTTPStatus

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import user_required
from app.models import ApiToken
from app.schemas.common import PageQuery
from app.schemas.tokens import CreatedToken, NewToken, TokenList, TokenView
from app.services import tokens
from app.services.identity import UserActor
from app.services.paging import Window
from deployr.roles import Scope

blueprint = Blueprint("tokens", __name__, url_prefix="/api/tokens")


@blueprint.get("")
@user_required(Scope.READ)
@speaks(Operation(query=PageQuery, answer=(TokenList,)))
def index(user: UserActor, query: PageQuery) -> TokenList:
    """List the user's tokens, newest first."""
    page = tokens.list_tokens(user, Window(limit=query.limit, before=query.before))
    return TokenList(tokens=[TokenView(**_facts(user, row)) for row in page.rows], next=page.next)


@blueprint.post("")
@user_required(Scope.ADMIN)
@speaks(Operation(body=NewToken, answer=(CreatedToken,), status=HTTPStatus.CREATED, refuses=(409,)))
def create(user: UserActor, body: NewToken) -> CreatedToken:
    """Make a token; it is shown only now."""
    row, token = tokens.create_token(user, body.name, body.scope, body.expires_in_days)
    return CreatedToken(**_facts(user, row), token=token)


@blueprint.post("/<id:token_id>/revoke")
@user_required(Scope.READ)
@speaks(Operation(answer=(TokenView,)))
def revoke(user: UserActor, token_id: int) -> TokenView:
    """Make a token stop working: itself, or with the scope admin any other of the user."""
    return TokenView(**_facts(user, tokens.revoke_token(user, token_id)))


def _facts(user: UserActor, row: ApiToken) -> dict[str, object]:
    names = TokenView.model_fields.keys() - {"current"}
    return {name: getattr(row, name) for name in names} | {"current": row.id == user.token_id}
