"""A runner's token is replaced by a new one, and no lost answer locks the runner out.

The old token works on until an hour after the new one was first used (see identity.py).
"""

from sqlalchemy import Update, update

from app.clock import utcnow
from app.errors import Conflict
from app.extensions import db
from app.models import Runner
from app.services import audit
from app.services.audit import Act
from app.services.identity import RunnerActor
from app.services.transactions import changed, transaction
from deployr.tokens import TokenKind, digest, make_token


@transaction
def rotate(runner: RunnerActor) -> str:
    """Return a new token of the runner, which is known only now.

    With the current token: that becomes the old one, and the one before it ends. With the old one:
    the new token, whose answer seems to be lost, is replaced. Raises Conflict `already_rotated`
    when that one is in use.
    """
    token = make_token(TokenKind.RUNNER)
    mine, row = update(Runner).where(Runner.id == runner.id, Runner.revoked_at.is_(None)), Runner
    new = {row.token: digest(token), row.updated_at: utcnow()}
    by_current = mine.where(row.token == runner.digest).values(
        {**new, row.old_token: runner.digest, row.old_token_until: None}
    )
    by_old = mine.where(row.old_token == runner.digest, row.old_token_until.is_(None)).values(new)
    if not (_done(by_current) or _done(by_old)):
        detail = "This token was replaced by one that is in use; take that one."
        raise Conflict("already_rotated", detail)
    audit.record(
        Act.RUNNER_ROTATED,
        runner.label,
        f"runner:{runner.id} {runner.name}",
        user_id=runner.user_id,
    )
    return token


def _done(statement: Update) -> bool:
    return changed(db.session.execute(statement.execution_options(synchronize_session=False)))
