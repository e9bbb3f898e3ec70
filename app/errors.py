"""What can go wrong, and the one place that turns it into an answer (RFC 9457)."""

import json
import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFreeError
from werkzeug.exceptions import HTTPException, SecurityError

from app.origin import origin

PROBLEM_TYPE = "application/problem+json"
_CODES = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large"}  # Python 3.13 renamed it
RETRY_SECONDS = 5
_UNWRITABLE_MYSQL = {
    1290,  # the server is read-only
    1836,  # likewise
    1792,  # the transaction is
    1036,  # the table is
    1114,  # the table can't grow
    1021,  # the disk is full
    1026,  # a file can't be written
    3,  # likewise
}
_UNWRITABLE_SQLITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}
FieldErrors = list[dict[str, str]]


class DomainError(Exception):
    """A refusal with a status, a stable `code` for programs and a sentence for people."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    retry_after: int | None = None
    """Seconds until it may be asked again."""

    def __init__(self, code: str, detail: str, **more: Any) -> None:  # noqa: ANN401 - any JSON
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.more = more


class BadRequest(DomainError):  # noqa: N818 - reads better where it is raised
    status = HTTPStatus.BAD_REQUEST


class Unauthorized(DomainError):  # noqa: N818
    status = HTTPStatus.UNAUTHORIZED


class Forbidden(DomainError):  # noqa: N818
    status = HTTPStatus.FORBIDDEN


class NotFound(DomainError):  # noqa: N818
    """Nothing there, or somebody else's: the two must look alike."""

    status = HTTPStatus.NOT_FOUND

    def __init__(self, thing: str) -> None:
        super().__init__("not_found", f"There is no such {thing}, or it is not yours.")


class Conflict(DomainError):  # noqa: N818
    status = HTTPStatus.CONFLICT


class Gone(DomainError):  # noqa: N818
    status = HTTPStatus.GONE


class UnsupportedType(DomainError):  # noqa: N818
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class TooMany(DomainError):  # noqa: N818
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, seconds: int) -> None:
        super().__init__("too_many_requests", f"Too many tries: wait {seconds} seconds.")
        self.retry_after = seconds


class Invalid(DomainError):  # noqa: N818
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    @classmethod
    def fields(cls, errors: FieldErrors) -> "Invalid":
        """Return a refusal of `errors`, each `{"field", "message"}`."""
        detail = "; ".join(f"{each['field']}: {each['message']}" for each in errors)
        return cls("invalid", detail, errors=errors)

    @classmethod
    def field(cls, field: str, message: str) -> "Invalid":
        """Return a refusal of one field."""
        return cls.fields([{"field": field, "message": message}])


class UpgradeRequired(DomainError):  # noqa: N818
    status = HTTPStatus.UPGRADE_REQUIRED


class Unavailable(DomainError):  # noqa: N818
    status = HTTPStatus.SERVICE_UNAVAILABLE


class Away(Unavailable):
    """What the backend needs does not answer, and may do so soon."""

    retry_after = RETRY_SECONDS


class _WrongHost(HTTPException):
    """Instead of Werkzeug's, which repeats what was sent."""

    code = HTTPStatus.BAD_REQUEST
    deployr_code = "host_not_allowed"
    description = "The backend has another name: its operator lists them in DEPLOYR_ALLOWED_HOSTS."


def init_errors(app: Flask) -> None:
    """Register the handlers: problem+json below /api/, Flask's pages elsewhere."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(InterfaceError, _database_error)
    app.register_error_handler(InternalError, _database_error)
    app.register_error_handler(NoneFreeError, _database_error)


def problem(
    status: HTTPStatus, code: str, detail: str, more: Mapping[str, object] | None = None
) -> Response:
    """Return an RFC 9457 answer."""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        **(more or {}),
    }
    return Response(json.dumps(body), status, mimetype=PROBLEM_TYPE)


def _domain_error(error: DomainError) -> Response:
    answer = problem(error.status, error.code, error.detail, error.more)
    if error.status is HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="deployr"'
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _http_error(error: HTTPException) -> Response | HTTPException:
    if isinstance(error, SecurityError):
        error = _WrongHost()
    if not request.path.startswith("/api/") or error.code is None:
        return error
    status = HTTPStatus(error.code)
    code = getattr(error, "deployr_code", None) or _CODES.get(status, status.name.lower())
    detail = error.description or status.phrase
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        marked = origin().request_id
        detail = f"This is a bug of Deployr. What happened is in the backend's log as {marked}."
    answer = problem(status, code, detail)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        answer.headers["Allow"] = ", ".join(allowed)
    return answer


def _database_error(error: DBAPIError | NoneFreeError) -> Response:
    current_app.logger.error("the database refused", exc_info=error)
    full = "takes no changes: it is read-only or its disk is full"
    unwritable = isinstance(error, DBAPIError) and _is_unwritable(error)
    what = full if unwritable else "does not answer"
    detail = f"The database {what}; try again. Its error is in the backend's log."
    answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable", detail)
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _is_unwritable(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorcode & 0xFF in _UNWRITABLE_SQLITE
    arguments = error.orig.args if error.orig else ()
    return bool(arguments) and arguments[0] in _UNWRITABLE_MYSQL
