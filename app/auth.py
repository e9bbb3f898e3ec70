"""Decorators that say, and check, who may call a view."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import request

from app.services.identity import UserActor, runner_by_token, user_by_token

Answer = TypeVar("Answer")


def user_required(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Pass the `user` whose token came with the request; refuse anyone else."""

    @wraps(view)
    def run(**arguments: Any) -> Answer:  # noqa: ANN401 - whatever the URL holds
        return view(user=user_by_token(bearer_token()), **arguments)

    return _declare(run, "user")


def runner_required(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Pass the `runner` whose token came with the request; refuse anyone else."""

    @wraps(view)
    def run(**arguments: Any) -> Answer:  # noqa: ANN401 - whatever the URL holds
        return view(runner=runner_by_token(bearer_token()), **arguments)

    return _declare(run, "runner")


def public(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Declare that a view needs no token."""
    return _declare(view, "public")


def user_optional(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Pass the `user` whose token came with the request, or None without a token."""

    @wraps(view)
    def run(**arguments: Any) -> Answer:  # noqa: ANN401 - whatever the URL holds
        token = bearer_token()
        user: UserActor | None = user_by_token(token) if token else None
        return view(user=user, **arguments)

    return _declare(run, "optional")


def declared(view: Callable[..., object]) -> str | None:
    """Return what a view declares: `user`, `runner`, `optional` or `public`; None: nothing."""
    found: str | None = getattr(view, "deployr_auth", None)
    return found


def bearer_token() -> str:
    """Return the token of the Authorization header, or an empty text."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _declare(view: Callable[..., Answer], who: str) -> Callable[..., Answer]:
    view.deployr_auth = who  # type: ignore[attr-defined]
    return view
