"""Pages for signing in, and for looking after one's sessions."""

from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Response, after_this_request, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from app import cookies
from app.address import base_url
from app.auth import public, session_form, session_optional, session_required
from app.config import settings
from app.errors import DomainError
from app.rendering import error_page, render
from app.services import browser_sign_in, limits, sessions
from app.services.browser_sign_in import Ticket, local_path
from app.services.sessions import Session

CALLBACK = "/auth/github/callback"

blueprint = Blueprint("browser", __name__)
blueprint.register_error_handler(DomainError, error_page)


@blueprint.get("/login")
@session_optional
def login(session: Session | None) -> str | Redirect:
    """Offer to sign in."""
    then = local_path(request.args.get("next", "/"))
    if session is not None:
        return redirect(then)
    configured = bool(settings().github_client_id and settings().github_client_secret)
    return render("login.html", None, then=then, configured=configured)


@blueprint.get("/auth/github")
@public
def set_out() -> Redirect:
    """Send the browser to GitHub."""
    url, ticket = browser_sign_in.set_out(_redirect_uri(), request.args.get("next", "/"))
    answer = redirect(url)
    cookies.put(answer, cookies.SIGN_IN, ticket.sign(), _seconds(browser_sign_in.LASTS))
    return answer


@blueprint.get(CALLBACK)
@session_optional
def arrive(session: Session | None) -> Redirect:
    """Sign in whoever comes back from GitHub, whatever session the browser had before."""
    limits.allow("sign_in", settings().sign_ins_per_minute)
    after_this_request(_without_ticket)
    ticket = Ticket.read(cookies.read(cookies.SIGN_IN), request.args.get("state", ""))
    user = browser_sign_in.arrive(ticket, request.args.get("code", ""), _redirect_uri())
    secret = sessions.begin(user.id, request.headers.get("User-Agent", ""), replaced=session)
    answer = redirect(ticket.next)
    cookies.put(answer, cookies.SESSION, secret, _seconds(sessions.LASTS))
    return answer


@blueprint.post("/logout")
@session_form
def logout(session: Session) -> Redirect:
    """End this session."""
    sessions.end(session.user, session.id)
    return _signed_out()


@blueprint.get("/account")
@session_required
def account(session: Session) -> str:
    """Show who is signed in, and where."""
    found = sessions.list_of(session.user)
    return render("account.html", session, sessions=found, current=session.id)


@blueprint.post("/account/sessions/<id:session_id>/revoke")
@session_form
def revoke(session: Session, session_id: int) -> Redirect:
    """End a session of the user's."""
    sessions.end(session.user, session_id)
    if session_id == session.id:
        return _signed_out()
    return redirect(url_for("browser.account"), HTTPStatus.SEE_OTHER)


@blueprint.post("/account/sessions/revoke")
@session_form
def revoke_all(session: Session) -> Redirect:
    """End all sessions of the user's."""
    sessions.end_all(session.user)
    return _signed_out()


def _signed_out() -> Redirect:
    answer = redirect(url_for("browser.login"), HTTPStatus.SEE_OTHER)
    cookies.drop(answer, cookies.SESSION)
    return answer


def _without_ticket(answer: Response) -> Response:
    """Each ticket is good for one way back, however that one ends."""
    cookies.drop(answer, cookies.SIGN_IN)
    return answer


def _redirect_uri() -> str:
    return base_url() + CALLBACK


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())
