"""Signing in."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from app.schemas.common import Answer, Moment, UserRequest
from app.schemas.tokens import TokenName
from deployr.roles import Scope

_Secret = Annotated[str, Field(min_length=1, max_length=2048)]


class GithubSignIn(UserRequest):
    """Either a token that GitHub issued to this backend's OAuth app, or a code for one."""

    access_token: _Secret | None = None
    code: _Secret | None = None
    redirect_uri: _Secret | None = None
    code_verifier: _Secret | None = None
    name: TokenName | None = None
    """Of the API token; left out: `GitHub`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.access_token is None) == (self.code is None):
            raise ValueError("send either access_token or code")
        return self


class GithubInfo(Answer):
    """Where and how to get what GithubSignIn takes."""

    configured: bool
    client_id: str | None
    url: str
    scope: str


class UserView(Answer):
    """A user, as he sees himself."""

    id: int
    name: str
    email: str
    github_login: str | None
    handle: str
    """The owner in `owner/name`."""
    role: str


class TokenInUse(Answer):
    """The token that a request came with."""

    id: int
    name: str
    scope: Scope
    expires_at: Moment | None


class Me(UserView):
    """The user who asks, and by what."""

    token: TokenInUse | None
    """Null for a session in a browser."""


class SignedIn(Answer):
    """A new API token; it is shown only here."""

    token: str
    user: UserView
