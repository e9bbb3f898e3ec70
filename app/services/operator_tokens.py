"""API tokens of any user, as the operator makes, sees and revokes them at the server's shell."""

from datetime import timedelta

from sqlalchemy import select

from app.clock import utcnow
from app.errors import Conflict, Invalid, NotFound
from app.extensions import db
from app.models import ApiToken
from app.models.user import BLOCKED
from app.schemas.tokens import MAX_NAME
from app.services import accounts, audit, tokens
from app.services.audit import OPERATOR, Act
from app.services.transactions import transaction
from deployr.roles import Scope


@transaction
def issue(email: str, name: str, scope: Scope, expires_in_days: int | None) -> str:
    """Return a new token of the user with this email. Raises Invalid, NoSuchUser, Conflict."""
    if not 1 <= len(name) <= MAX_NAME:
        raise Invalid.field("name", f"must have 1 to {MAX_NAME} characters")
    user = accounts.user_of(email)
    if user.role == BLOCKED:
        raise Conflict("user_blocked", f"{email} is blocked: `flask deployr user unblock {email}`.")
    ends = None if expires_in_days is None else utcnow() + timedelta(days=expires_in_days)
    row, token = tokens.add_token(user.id, name, scope, ends)
    tokens.tell_created(OPERATOR, row)
    return token


def tokens_of(email: str) -> list[ApiToken]:
    """Return the user's tokens, newest first, dead ones too. Raises NoSuchUser."""
    user = accounts.user_of(email)
    query = select(ApiToken).where(ApiToken.user_id == user.id).order_by(ApiToken.id.desc())
    return list(db.session.scalars(query))


@transaction
def revoke(token_id: int) -> None:
    """Make one token stop working. Raises NotFound."""
    row = db.session.get(ApiToken, token_id, with_for_update=True)
    if row is None:
        raise NotFound("token")
    if row.revoked_at is None:
        row.revoked_at = utcnow()
        audit.record(Act.TOKEN_REVOKED, OPERATOR, tokens.label(row), user_id=row.user_id)
