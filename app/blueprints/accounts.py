"""Signing in, and who one is."""

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import public, user_required
from app.config import settings
from app.schemas.users import GithubInfo, GithubSignIn, Me, SignedIn, TokenInUse, UserView
from app.services import accounts, limits, tokens
from app.services.admission import Proof, admit
from app.services.handles import handle_of
from app.services.identity import UserActor
from deployr.roles import Scope

blueprint = Blueprint("accounts", __name__, url_prefix="/api")


@blueprint.get("/auth/github")
@public
@speaks(Operation(answer=(GithubInfo,)))
def show_github() -> GithubInfo:
    """Tell how to sign in with GitHub."""
    own = settings()
    configured = bool(own.github_client_id and own.github_client_secret)
    return GithubInfo(
        configured=configured,
        client_id=own.github_client_id if configured else None,
        url=own.github_url.rstrip("/"),
        scope=own.github_scope,
    )


@blueprint.post("/auth/github")
@public
@speaks(Operation(body=GithubSignIn, answer=(SignedIn,), refuses=(401, 403, 429, 503)))
def sign_in(body: GithubSignIn) -> SignedIn:
    """Exchange a GitHub token or code for an API token."""
    limits.allow("sign_in", settings().sign_ins_per_minute)
    proof = Proof(
        access_token=body.access_token,
        code=body.code,
        redirect_uri=body.redirect_uri,
        verifier=body.code_verifier,
    )
    user = admit(proof)
    view = UserView(
        id=user.id,
        name=user.name,
        email=user.email,
        github_login=user.github_login,
        handle=handle_of(user.id, user.handle),
        role=user.role,
    )
    return SignedIn(token=accounts.sign_in(user.id, body.name or "GitHub"), user=view)


@blueprint.get("/user")
@user_required(Scope.READ)
@speaks(Operation(answer=(Me,)))
def show_user(user: UserActor) -> Me:
    """Show the user whose token it is."""
    token = tokens.current_token(user)
    facts = UserView.model_validate(user).model_dump()
    return Me(**facts, token=token and TokenInUse.model_validate(token))
