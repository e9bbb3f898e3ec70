"""Signing in, and who one is."""

from flask import Blueprint

from app.api import Operation, speaks
from app.auth import public, user_required
from app.clients.github import GithubApp
from app.config import settings
from app.schemas.users import GithubSignIn, SignedIn, UserView
from app.services.accounts import admit
from app.services.identity import UserActor
from deployr.roles import Scope

blueprint = Blueprint("accounts", __name__, url_prefix="/api")


@blueprint.post("/auth/github")
@public
@speaks(Operation(body=GithubSignIn, answer=(SignedIn,), refuses=(401, 403, 503)))
def sign_in(body: GithubSignIn) -> SignedIn:
    """Exchange a GitHub token or code for an API token."""
    github = GithubApp(settings())
    token = body.access_token
    if token is None:
        token = github.exchange(str(body.code), body.redirect_uri, body.code_verifier)
    user, api_token = admit(github.identify(token))
    return SignedIn(token=api_token, user=UserView.model_validate(user))


@blueprint.get("/user")
@user_required(Scope.READ)
@speaks(Operation(answer=(UserView,)))
def show_user(user: UserActor) -> UserView:
    """Show the user whose token it is."""
    return UserView.model_validate(user)
