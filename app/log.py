"""What the backend logs: JSON, a line an event, marked with its request and without secrets."""

import logging
import re
import sys
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any, TextIO, cast
from urllib.parse import unquote

import structlog
from flask import Flask, Response, g, request
from flask.logging import wsgi_errors_stream
from sqlalchemy import make_url
from structlog.typing import EventDict, Processor, WrappedLogger

from app.config import Settings
from app.logfile import SharedLogFile
from app.origin import origin
from deployr.tokens import TOKEN_PATTERN

REQUEST_ID_HEADER = "X-Request-Id"
MASK = "[masked]"

_GITHUB_TOKENS = re.compile(r"\b(?:gh[a-z]_|github_pat_)[0-9A-Za-z_]{16,}")
_CREDENTIALS = re.compile(r"(?i)\b((?:bearer|basic)\s+)[^\s\"',;]+")
_USERINFO = re.compile(r"(//)[^/@\s\"']+@")
_SECRET_NAMES = re.compile(r"(?i)token|secret|password|cookie|authorization|^code$|verifier")
_POLL = "runner_api.poll"
_MIN_SECRET = 6
"""Shorter ones would mask ordinary words."""

_request_log = structlog.stdlib.get_logger("app.request")


def init_logging(app: Flask, settings: Settings) -> None:
    """Log as JSON to the file of the settings, else to the server's error stream.

    Each request is told when it is answered.
    """
    mask = masker({str(app.secret_key), *_secrets_of(settings)})
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = _handler(settings.log_file)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    ours = logging.getLogger("app")
    ours.handlers = [handler]
    ours.setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    app.before_request(_begin)
    app.after_request(_end)


def _handler(log_file: str | None) -> logging.Handler:
    stream = logging.StreamHandler(cast("TextIO", wsgi_errors_stream))
    if log_file is None:
        return stream
    try:
        return SharedLogFile(Path(log_file))
    except OSError as error:
        # To answer is more important than to log.
        sys.stderr.write(f"DEPLOYR_LOG_FILE: {log_file} can not be written: {error.strerror}\n")
        return stream


def masker(secrets: Iterable[str]) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    """Return a processor that masks `secrets`, tokens of Deployr and GitHub, and credentials.

    Values whose name tells that they are secret are masked whole.
    """
    known = sorted({each for each in secrets if len(each) >= _MIN_SECRET}, key=len, reverse=True)

    def clean(value: Any) -> Any:  # noqa: ANN401 - whatever was logged
        if isinstance(value, str):
            return _masked(value, known)
        if isinstance(value, dict):
            return {clean(name): _named(name, inner, clean) for name, inner in value.items()}
        if isinstance(value, list | tuple | set):
            return [clean(inner) for inner in value]
        return value if value is None or isinstance(value, int | float) else clean(str(value))

    def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {name: _named(name, value, clean) for name, value in event.items()}

    return mask


def act_as(actor: str) -> None:
    """Mark what else is logged about this request with who makes it, as `user:7 ada`."""
    structlog.contextvars.bind_contextvars(actor=actor)


def _named(name: object, value: Any, clean: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    hidden = isinstance(value, str | bytes) and _SECRET_NAMES.search(str(name))
    return MASK if hidden else clean(value)


def _masked(text: str, known: list[str]) -> str:
    for secret in known:
        text = text.replace(secret, MASK)
    text = TOKEN_PATTERN.sub(lambda found: found[0][:4] + MASK, text)
    text = _GITHUB_TOKENS.sub(MASK, text)
    text = _CREDENTIALS.sub(rf"\1{MASK}", text)
    return _USERINFO.sub(rf"\1{MASK}@", text)


def _secrets_of(settings: Settings) -> set[str]:
    password = make_url(settings.database_url).password or ""
    found = (settings.github_client_secret, settings.tick_token)
    return {password, unquote(password), *filter(None, found)}


def _begin() -> None:
    structlog.contextvars.clear_contextvars()
    g.began = time.perf_counter()
    structlog.contextvars.bind_contextvars(request_id=origin().request_id)
    if job_id := (request.view_args or {}).get("job_id"):
        structlog.contextvars.bind_contextvars(job_id=job_id)


def _end(response: Response) -> Response:
    began: float = g.get("began", time.perf_counter())
    response.headers[REQUEST_ID_HEADER] = origin().request_id
    # A runner that finds nothing to do asks again and again: that is no news.
    idle = request.endpoint == _POLL and response.status_code == HTTPStatus.OK
    # The query is left out: it may hold what its sender does not want in a log.
    _request_log.log(
        logging.DEBUG if idle else logging.INFO,
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        ms=round(1000 * (time.perf_counter() - began), 1),
        address=origin().address,
    )
    return response
