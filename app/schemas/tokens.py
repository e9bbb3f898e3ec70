"""A user's API tokens on the wire."""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.schemas.common import Answer, Moment, UserRequest
from deployr.roles import Scope

DEFAULT_DAYS = 90
MAX_DAYS = 3650
MAX_NAME = 64

TokenName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=MAX_NAME,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*$",
    ),
]


class NewToken(UserRequest):
    """A token that a user wants to have."""

    name: TokenName
    scope: Scope
    expires_in_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = DEFAULT_DAYS
    """Null: never."""


class TokenView(Answer):
    """A token, as its owner sees it: never the token itself."""

    id: int
    name: str
    scope: Scope
    prefix: str | None
    """How it begins; null for one that is older than this field."""
    last_four: str
    current: bool
    """Whether this very request was made with it."""
    created_at: Moment
    last_used_at: Moment | None
    expires_at: Moment | None
    revoked_at: Moment | None


class TokenList(Answer):
    """A page of tokens, newest first."""

    tokens: list[TokenView]
    next: int | None


class CreatedToken(TokenView):
    """A new token; it is shown only here."""

    token: str
