"""Decorators that say, and check, who may call a view."""

import hmac
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from app import cookies
from app.config import settings
from app.csrf import check_form
from app.errors import NotFound, Unauthorized
from app.log import act_as
from app.services.identity import UserActor, check_scope, runner_by_token, user_by_token
from app.services.sessions import Session, by_secret
from deployr.roles import Scope

Answer = TypeVar("Answer")
Page = TypeVar("Page", str, Response)


def user_required(
    needed: Scope,
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Pass the `user` whose token, of at least the scope `needed`, came with the request."""

    def decorate(view: Callable[..., Answer]) -> Callable[..., Answer]:
        @wraps(view)
        def run(**arguments: Any) -> Answer:  # noqa: ANN401 - whatever the URL holds
            user = user_by_token(bearer_token())
            act_as(user.label)
            check_scope(user, needed)
            return view(user=user, **arguments)

        run.deployr_scope = needed  # type: ignore[attr-defined]
        return _declare(run, "user")

    return decorate


def runner_required(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Pass the `runner` whose token came with the request; refuse anyone else."""

    @wraps(view)
    def run(**arguments: Any) -> Answer:  # noqa: ANN401 - whatever the URL holds
        runner = runner_by_token(bearer_token())
        act_as(runner.label)
        return view(runner=runner, **arguments)

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
        if user is not None:
            check_scope(user, Scope.ADMIN)
        return view(user=user, **arguments)

    return _declare(run, "optional")


def session_optional(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Pass the `session` of the browser, or None. For pages: the API takes tokens only."""

    @wraps(view)
    def run(**arguments: Any) -> Answer:  # noqa: ANN401 - whatever the URL holds
        return view(session=_session(), **arguments)

    return _declare(run, "session")


def session_required(view: Callable[..., Page]) -> Callable[..., Page | Response]:
    """Pass the `session` of the browser; let others sign in, and come back to what they read."""

    @wraps(view)
    def run(**arguments: Any) -> Page | Response:  # noqa: ANN401 - whatever the URL holds
        session = _session()
        if session is None:
            here = request.script_root + request.full_path.rstrip("?")
            return redirect(url_for("browser.login", next=here))
        return view(session=session, **arguments)

    return _declare(run, "session")


def session_form(view: Callable[..., Page]) -> Callable[..., Page | Response]:
    """Pass the `session` of the browser that sent a form, which must be one of our own pages'."""

    @wraps(view)
    def run(**arguments: Any) -> Page | Response:  # noqa: ANN401 - whatever the URL holds
        session = _session()
        if session is None:
            return redirect(url_for("browser.login"), HTTPStatus.SEE_OTHER)
        check_form(session)
        return view(session=session, **arguments)

    run.deployr_form = True  # type: ignore[attr-defined]
    return _declare(run, "session")


def tick_required(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Let in whoever has the operator's DEPLOYR_TICK_TOKEN; without that setting nobody."""

    @wraps(view)
    def run(**arguments: Any) -> Answer:  # noqa: ANN401 - whatever the URL holds
        wanted = settings().tick_token
        if wanted is None:
            raise NotFound("thing")
        if not hmac.compare_digest(bearer_token().encode(), wanted.encode()):
            raise Unauthorized("unauthorized", "This needs the token of DEPLOYR_TICK_TOKEN.")
        return view(**arguments)

    return _declare(run, "tick")


def declared(view: Callable[..., object]) -> str | None:
    """Return what a view declares; None: nothing.

    It is `user`, `runner`, `optional`, `tick`, `session` or `public`.
    """
    found: str | None = getattr(view, "deployr_auth", None)
    return found


def checks_form(view: Callable[..., object]) -> bool:
    """Tell whether a view takes forms of our own pages only."""
    return getattr(view, "deployr_form", False)


def scope_of(view: Callable[..., object]) -> Scope | None:
    """Return the scope that a view needs of a user's token; None: it takes no such token."""
    found: Scope | None = getattr(view, "deployr_scope", None)
    return found


def bearer_token() -> str:
    """Return the token of the Authorization header, or an empty text."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _session() -> Session | None:
    session = by_secret(cookies.read(cookies.SESSION))
    if session is not None:
        act_as(session.user.label)
    return session


def _declare(view: Callable[..., Answer], who: str) -> Callable[..., Answer]:
    view.deployr_auth = who  # type: ignore[attr-defined]
    return view
