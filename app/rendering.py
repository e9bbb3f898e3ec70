"""Pages: templates that escape whatever they show, and know who is signed in."""

from http import HTTPStatus

from flask import Response, make_response, render_template

from app.csrf import csrf_token
from app.errors import DomainError, TooMany
from app.services.sessions import Session


def render(template: str, session: Session | None, **values: object) -> str:
    """Return a page for the session's user, or for a stranger."""
    me = session.user if session else None
    csrf = csrf_token(session) if session else None
    return render_template(template, me=me, csrf=csrf, **values)


def error_page(error: DomainError) -> Response:
    """Return the page that tells a refusal."""
    # 401 would ask for a token, which browsers don't have.
    refused = error.status is HTTPStatus.UNAUTHORIZED
    status = HTTPStatus.FORBIDDEN if refused else error.status
    page = render("error.html", None, title=status.phrase, detail=error.detail)
    answer = make_response(page, status)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer
